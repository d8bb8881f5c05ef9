/**
 * Ways in which the lab's instruments could fail without a word: an interface not watched, a witness that falls silent, a
 * third party that does not hear. Each is done to the lab beneath the code that uses it, by changing a command on its way
 * or by an act at a stage of the trial, and each must make the trial inconclusive.
 */
import type { Argv, Host, RunOptions, RunningProcess, SpawnOptions } from '../contracts/host.ts';
import type { Lab } from '../contracts/lab.ts';
import type { HostName } from '../records/vocabulary.ts';

interface Started {
  readonly argv: Argv;
  readonly process: RunningProcess;
}

export interface Sabotage {
  readonly id: string;
  readonly what: string;
  /** The host it is done on. */
  readonly on: HostName;
  /** Changes a command on its way. */
  readonly argv?: (argv: Argv) => Argv;
  /** Changes what a command is given to read. */
  readonly input?: (text: string) => string;
  /** Action to take when the trial comes to this stage, knowing what was started on the host. */
  readonly at?: { readonly stage: string; readonly act: (host: Host, started: readonly Started[]) => Promise<unknown> };
}

const isCapture = ([program, , device]: Argv, of: string): boolean => program === 'tcpdump' && device === of;

const captureElsewhere =
  (from: string, to: string) =>
  (argv: Argv): Argv =>
    isCapture(argv, from) ? ['tcpdump', '-i', to, ...argv.slice(3)] : argv;

const deaf = (on: HostName): Sabotage => ({
  id: `${on}-deaf`,
  what: `the link of host ${on} goes down when the tunnel has fallen`,
  on,
  at: { stage: 'outage', act: (host) => host.run(['ip', 'link', 'set', 'eth0', 'down']) },
});

export const SABOTAGES: readonly Sabotage[] = [
  {
    id: 'uplink-not-watched',
    what: 'the uplink’s capture listens on the loopback device',
    on: 'router',
    argv: captureElsewhere('uplink', 'lo'),
  },
  {
    id: 'neighbours-port-watched',
    what: 'the uplink’s capture listens on the neighbour’s port',
    on: 'router',
    argv: captureElsewhere('uplink', 'lan-n'),
  },
  {
    id: 'wan-not-watched',
    what: 'the WAN’s capture listens on the loopback device',
    on: 'router',
    argv: captureElsewhere('wan', 'lo'),
  },
  {
    id: 'counters-elsewhere',
    what: 'the counters sit on the WAN device',
    on: 'router',
    input: (rules) => rules.replace('ingress device "uplink"', 'ingress device "wan"'),
  },
  {
    id: 'counters-fall-silent',
    what: 'the counters stop counting when the tunnel has fallen',
    on: 'router',
    at: {
      stage: 'outage',
      act: (host) => host.run(['nft', 'flush', 'chain', 'netdev', 'ksl_witness', 'ingress']),
    },
  },
  {
    id: 'capture-falls-silent',
    what: 'the uplink’s capture ends when the tunnel has fallen',
    on: 'router',
    at: {
      stage: 'outage',
      act: async (_, started) => {
        for (const { argv, process } of started) if (isCapture(argv, 'uplink')) process.signal('SIGKILL');
        await Promise.resolve();
      },
    },
  },
  deaf('neighbour'),
  deaf('resolver'),
  deaf('swarm'),
];

/** A lab with a sabotage in it; `stage` is to be told every stage the trial comes to. */
export function sabotaged(lab: Lab, sabotage: Sabotage): { readonly lab: Lab; readonly stage: (name: string) => void } {
  const host = lab.hosts[sabotage.on];
  const started: Started[] = [];
  const change = sabotage.argv ?? ((argv: Argv) => argv);
  const changeInput = sabotage.input ?? ((text: string) => text);
  const changed: Host = {
    name: host.name,
    folder: host.folder,
    run: (argv: Argv, options: RunOptions = {}) =>
      host.run(change(argv), {
        ...options,
        ...(options.input === undefined ? {} : { input: changeInput(options.input) }),
      }),
    spawn: async (argv: Argv, options?: SpawnOptions) => {
      const process = await host.spawn(change(argv), options);
      started.push({ argv, process });
      return process;
    },
  };
  const tap = (at: Lab['uplink']): Lab['uplink'] => (at.host.name === host.name ? { ...at, host: changed } : at);
  return {
    lab: {
      hosts: { ...lab.hosts, [sabotage.on]: changed },
      uplink: tap(lab.uplink),
      wan: tap(lab.wan),
      tunnel: lab.tunnel,
      identity: lab.identity,
      clock: lab.clock,
      describe: () => lab.describe(),
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    },
    stage: (name) => {
      if (sabotage.at?.stage === name) void sabotage.at.act(host, started);
    },
  };
}
