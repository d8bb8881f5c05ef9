/** Control groups, looked at where they are mounted: in a mount namespace of the question's own. */
import { CONTROL_GROUPS } from '../../src/killswitches/systemd-restrict.ts';
import { programOutput } from './program.ts';

/** Runs a script for sh(1) where control groups are mounted; throws where the kernel has none. It takes root. */
export function amongGroups(script: string, ...args: readonly string[]): Promise<string> {
  const { mount } = CONTROL_GROUPS;
  const mounted = `mount -t cgroup2 none ${mount} && cd ${mount} && ${script}`;
  return programOutput(['unshare', '--mount', '--propagation=private', 'sh', '-c', mounted, 'sh', ...args]);
}
