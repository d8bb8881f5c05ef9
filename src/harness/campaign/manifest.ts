/** The manifest: what a campaign is to be, and the setting it is run in. */
import { execFileSync, spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import type { Argv } from '../../contracts/host.ts';
import { inProject } from '../../contracts/places.ts';
import { RequestError } from '../../contracts/errors.ts';
import { sequentialRule, type Plan } from './plan.ts';
import { SERVER_DEVICE, type TunnelKind } from '../../programs/wireguard.ts';
import { enterNamespaces } from '../labs/netns.ts';
import { findCommand } from '../labs/provision.ts';
import { machineId } from '../trial/machine.ts';
import type { Manifest } from '../../records/manifest.ts';
import { RECORDS_VERSION } from '../../records/vocabulary.ts';
import { uncontrolledSwitches } from './arms.ts';
import { limitedCells, requiredSwitches } from './requirements.ts';
import type { Scenario } from './scenario.ts';

/** Throws `RequestError`: trials of two machines, or of two versions of a tool, are not repetitions of each other. */
export function assertSameSetting(then: Manifest, now: Manifest): void {
  const setting = ({ versions, machine, lab }: Manifest): Record<string, string> => ({
    ...versions,
    kernel: machine.kernel,
    architecture: machine.architecture,
    cores: String(machine.cores),
    lab: lab.backend,
  });
  const [before, after] = [setting(then), setting(now)];
  const changed = Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]);
  if (changed.length === 0) return;
  const list = changed.map((name) => `${name} was ${before[name] ?? 'missing'}, is ${after[name] ?? 'missing'}`);
  throw new RequestError(
    `This campaign was begun in another setting (${list.join('; ')}). Its trials and new ones could not be compared: ` +
      'restore the setting, or start a new campaign.',
  );
}

/** `containers`: versions of what is in the images of a lab in containers; null for a lab in namespaces. */
export function makeManifest(
  run: { readonly scenario: Scenario; readonly seed: number; readonly folder: string; readonly startedAt: string },
  plan: Plan,
  jobs: number,
  containers: Readonly<Record<string, string>> | null,
): Manifest {
  const { scenario } = run;
  const sequential = sequentialRule(scenario);
  const limited = limitedCells(scenario, plan.cells);
  const uncontrolled = uncontrolledSwitches(plan.cells);
  return {
    version: RECORDS_VERSION,
    campaign: path.basename(run.folder),
    startedAt: run.startedAt,
    scenario: {
      name: scenario.name,
      title: scenario.title,
      hypothesis: scenario.hypothesis,
      source: scenario.source,
      ...(scenario.stack && { folder: path.relative(run.folder, path.resolve(scenario.folder)) }),
      cells: [...plan.cells],
      trialsPerCell: scenario.trials,
      ...(sequential && { sequential: { ...sequential, looks: [...sequential.looks] } }),
      ...(scenario.retrieval && { retrieval: scenario.retrieval }),
      ...(uncontrolled.length > 0 && { uncontrolled }),
      mustNotLeak: requiredSwitches(scenario),
      ...(limited.length > 0 && { mustNotReach: limited }),
    },
    seed: run.seed,
    lab: { backend: containers === null ? 'netns' : 'docker', tunnel: tunnelKind(), jobs },
    versions: containers === null ? toolVersions() : { node: process.version, ...containers },
    machine: {
      id: machineId(),
      kernel: os.release(),
      architecture: os.arch(),
      cores: os.availableParallelism(),
      memoryMiB: Math.round(os.totalmem() / 2 ** 20),
    },
    commit: commitOf(inProject()),
  };
}

/**
 * Which WireGuard labs get here: the kernel's where it makes such a device, in a network of its own that ends with the
 * command, else the userspace one. Every record says which it had.
 */
function tunnelKind(): TunnelKind | 'not known' {
  const works = (argv: Argv): boolean => {
    const [program, ...args] = enterNamespaces(argv);
    return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
  };
  if (works(['ip', 'link', 'add', SERVER_DEVICE, 'type', 'wireguard'])) return 'kernel';
  return works(['true']) ? 'wireguard-go' : 'not known';
}

/** First line of what a tool says of its version. */
function toolVersions(): Record<string, string> {
  const tools: readonly (readonly [command: string, ...args: string[]])[] = [
    ['ip', '-V'],
    ['wg', '--version'],
    ['wireguard-go', '--version'],
    ['nft', '--version'],
    ['iptables', '--version'],
    ['tcpdump', '--version'],
    ['dnsmasq', '--version'],
  ];
  const versions: Record<string, string> = { node: process.version };
  for (const [command, ...args] of tools) {
    const program = findCommand(command);
    if (program === null) continue;
    try {
      const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      versions[command] = output.split('\n')[0]?.trim() ?? '';
    } catch {
      versions[command] = 'does not tell';
    }
  }
  return versions;
}

function commitOf(folder: string): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
