/** A host seen from inside something on it: every program is started through a command that enters it first. */
import type { Argv, Host, RunOptions, SpawnOptions } from '../contracts/host.ts';
import { asUnprivileged, type Dropping } from '../contracts/unprivileged.ts';

/**
 * `enter` needs the host's root, so privileges are dropped behind it. Where there is only one user to be (a lab without
 * root), nothing is dropped.
 */
export async function insideHost(host: Host, enter: Argv): Promise<Host> {
  const tried = await host.run([...asUnprivileged(), 'true'], { anyStatus: true });
  const drop = (options: Dropping): readonly string[] => (tried.status.code === 0 ? asUnprivileged(options) : []);
  return {
    name: host.name,
    folder: host.folder,
    run: (argv: Argv, options?: RunOptions) => host.run([...enter, ...argv], options),
    spawn: (argv: Argv, { unprivileged, setuid = false, ...options }: SpawnOptions = {}) =>
      host.spawn([...enter, ...(unprivileged === true ? drop({ setuid }) : []), ...argv], options),
  };
}
