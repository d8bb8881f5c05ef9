/**
 * One trial: one run of one cell in a lab of its own. The body of `runTrial` is the order of events that design and paper
 * describe; what each step does is below it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { clientById } from '../clients/index.ts';
import { faultByReference } from '../faults/index.ts';
import { killSwitchByReference } from '../killswitches/index.ts';
import type { Clock } from './clock.ts';
import type { ArmedFault, Binding, EngagedSwitch, Lab, RunningClient, TorrentClient } from './contracts.ts';
import { Unsupported, describeExit, messageOf } from './errors.ts';
import { Heartbeat } from './heartbeat.ts';
import { Instruments } from './instruments.ts';
import { awaitMoment } from './moments.ts';
import type { TrialSpec } from './plan.ts';
import { RECORDS_VERSION, type TrialRecord } from './records.ts';
import { seal } from './seal.ts';
import { Timeline, observe } from './timeline.ts';

export interface TrialHooks {
  readonly openLab: () => Promise<Lab>;
  readonly clock: Clock;
  readonly onStage: (stage: string) => void;
  readonly signal: AbortSignal;
}

/** Payload that must have come through the tunnel, from at least one observer, before a trial counts. */
const STEADY_BYTES = 32 * 1024;
/** Lines of the client's log kept in the record of a trial that did not complete. */
const LOG_LINES = 20;
const PEER_PORT = 51_000;
const CONTROL_PORT = 52_000;

const NS_PER_SECOND = 1e9;
/** A client asked to end has this long to say good-bye to its trackers. */
const STOP_SECONDS = 10;

type Retrieval = NonNullable<TrialSpec['retrieval']>;
type Draft = { -readonly [K in keyof TrialRecord]: TrialRecord[K] };

/** Runs the trial to its sealed record. Failure of any step is a record too, with the step's name and the reason. */
export async function runTrial(spec: TrialSpec, hooks: TrialHooks): Promise<TrialRecord> {
  const timeline = new Timeline();
  const trial = new Trial(spec, hooks, timeline);
  await mkdir(spec.folder, { recursive: true });
  try {
    await trial.run();
  } catch (error) {
    await trial.fail(error);
  } finally {
    await trial.close();
  }
  trial.record.clockDriftNs = hooks.clock.recalibrate();
  await timeline.save(path.join(spec.folder, 'timeline.jsonl'));
  hooks.onStage('sealing');
  return seal(trial.record, timeline.events, spec.folder, trial.rawCaptures);
}

class Trial {
  readonly record: Draft;
  readonly #spec: TrialSpec;
  readonly #hooks: TrialHooks;
  readonly #timeline: Timeline;
  readonly #client: TorrentClient;
  readonly #heartbeat = new Heartbeat();
  #stage = 'opening the lab';
  #lab: Lab | null = null;
  #instruments: Instruments | null = null;
  #switch: EngagedSwitch | null = null;
  #running: RunningClient | null = null;
  #fault: ArmedFault | null = null;

  constructor(spec: TrialSpec, hooks: TrialHooks, timeline: Timeline) {
    this.#spec = spec;
    this.#hooks = hooks;
    this.#timeline = timeline;
    this.#client = clientById(spec.cell.client);
    this.record = {
      version: RECORDS_VERSION,
      trial: spec.trial,
      cell: spec.cell,
      repetition: spec.repetition,
      attempt: spec.attempt,
      repeats: spec.repeats,
      seed: spec.seed,
      originUnixNs: String(hooks.clock.originUnixNs),
      outcome: { status: 'completed' },
      killSwitchFamily: killSwitchByReference(spec.cell.killSwitch).family,
      clientVersion: null,
      binding: 'none',
      identity: null,
      swarm: null,
      instants: { armedNs: null, clientStartedNs: null, steadyNs: null, fault: null, restored: null, endNs: null },
      momentAchievedNs: null,
      counters: null,
      captures: [],
      canaries: [],
      heartbeatMaxDelayNs: null,
      clockDriftNs: null,
      clientExit: null,
      clientLogTail: [],
      measures: null,
    };
  }

  get rawCaptures(): readonly { readonly name: 'uplink' | 'wan'; readonly file: string }[] {
    return this.#instruments?.rawCaptures ?? [];
  }

  async run(): Promise<void> {
    const { onStage, clock, signal } = this.#hooks;
    const enter = (stage: string): void => {
      this.#stage = stage;
      onStage(stage);
    };
    const note = (instants: Partial<TrialRecord['instants']>): void => {
      this.record.instants = { ...this.record.instants, ...instants };
    };

    enter('opening the lab');
    this.#timeline.add({ kind: 'phase', atNs: clock.nowNs(), name: 'setup' });
    const lab = await this.#hooks.openLab();
    this.#lab = lab;
    this.record.identity = lab.identity;

    enter('arming the instruments');
    const instruments = await Instruments.arm(lab, this.#spec, this.#timeline);
    this.#instruments = instruments;
    this.record.swarm = instruments.swarm;
    this.record.canaries.push(...(await instruments.canaries('before')));
    note({ armedNs: clock.nowNs() });
    this.#heartbeat.start();

    const steps = {
      switch: () => this.#engage(lab),
      tunnel: () => this.#tunnelUp(lab),
      client: () => this.#start(lab),
    };
    for (const step of this.#spec.order) {
      enter(`starting: ${step}`);
      if (step === 'client') note({ clientStartedNs: clock.nowNs() });
      await steps[step]();
    }

    enter('waiting for steady state');
    note({ steadyNs: await this.#steady(lab) });
    this.#timeline.add({ kind: 'phase', atNs: clock.nowNs(), name: 'baseline' });

    enter('arming the fault');
    const fault = await faultByReference(this.#spec.cell.fault).arm(lab);
    this.#fault = fault;

    enter('waiting for the moment');
    const due = await awaitMoment(this.#spec.cell.moment, this.#spec.seed, this.#timeline, clock, signal);

    enter('fault');
    const span = await fault.inject();
    this.record.momentAchievedNs = span.beforeNs - due;
    note({ fault: span });
    this.#timeline.add({ kind: 'fault', atNs: span.beforeNs, fault: this.#spec.cell.fault, span });
    this.#timeline.add({ kind: 'phase', atNs: span.afterNs, name: 'outage' });
    enter('outage');
    instruments.askSwarm();
    await observe(this.#spec.observe.outage, signal);

    enter('restoring');
    const restored = await fault.revert();
    note({ restored });
    this.#timeline.add({ kind: 'restored', atNs: restored.beforeNs, fault: this.#spec.cell.fault, span: restored });
    this.#timeline.add({ kind: 'phase', atNs: restored.afterNs, name: 'recovery' });
    enter('recovery');
    await observe(this.#spec.observe.recovery, signal);
    note({ endNs: clock.nowNs() });
    this.#heartbeat.stop();

    if (this.#spec.retrieval !== undefined) {
      enter('asking the swarm');
      await this.#aftermath(instruments, span.beforeNs, this.#spec.retrieval);
    }

    enter('closing');
    this.#timeline.add({ kind: 'phase', atNs: clock.nowNs(), name: 'closing' });
    this.record.canaries.push(...(await instruments.canaries('after')));
  }

  /** The client ends as a user would end it; the swarm is asked on, until the horizon, what it still hands out. */
  async #aftermath(instruments: Instruments, faultNs: number, { every, horizon }: Retrieval): Promise<void> {
    const { clock, signal } = this.#hooks;
    this.#timeline.add({ kind: 'phase', atNs: clock.nowNs(), name: 'aftermath' });
    await this.#running?.stop(STOP_SECONDS);
    const aftermath = {
      everyNs: every * NS_PER_SECOND,
      horizonNs: horizon * NS_PER_SECOND,
      clientGoneNs: clock.nowNs(),
      endNs: null,
      infrastructure: [...instruments.infrastructure],
    };
    this.record.aftermath = aftermath;
    instruments.plant();
    await observe(Math.max(0, horizon - (clock.nowNs() - faultNs) / NS_PER_SECOND), signal);
    this.record.aftermath = { ...aftermath, endNs: clock.nowNs() };
  }

  /** The record of a trial that could not be completed says where it stopped and why. */
  async fail(error: unknown): Promise<void> {
    if (error instanceof Unsupported) {
      this.record.outcome = { status: 'unsupported', reason: error.message };
      return;
    }
    this.record.outcome = { status: 'failed', stage: this.#stage, reason: messageOf(error) };
    this.record.clientLogTail = [...((await this.#running?.logTail(LOG_LINES).catch(() => [])) ?? [])];
  }

  /**
   * Ends the trial: what the switch said, then silence on the uplink, then both witnesses are read. The silence is the
   * link taken down on the client's side, after which neither witness can count a frame that the other does not.
   */
  async close(): Promise<void> {
    this.#heartbeat.stop();
    this.record.heartbeatMaxDelayNs = this.#heartbeat.maxDelayNs;
    try {
      for (const said of (await this.#switch?.instants()) ?? []) this.#timeline.add({ kind: 'switch', ...said });
      if (this.#lab !== null && this.#instruments !== null) {
        await this.#lab.hosts.client.run(['ip', 'link', 'set', 'eth0', 'down'], { anyStatus: true });
        const { counters, captures } = await this.#instruments.stop();
        this.record.counters = counters;
        this.record.captures = captures;
      }
      await this.#fault?.[Symbol.asyncDispose]();
    } catch (error) {
      if (this.record.outcome.status === 'completed') {
        this.record.outcome = { status: 'failed', stage: 'closing', reason: messageOf(error) };
      }
    } finally {
      await this.#lab?.[Symbol.asyncDispose]();
    }
  }

  async #engage(lab: Lab): Promise<void> {
    const { clock, signal } = this.#hooks;
    const engaged = await killSwitchByReference(this.#spec.cell.killSwitch).engage({
      host: lab.hosts.client,
      tunnel: lab.tunnel,
      clock,
      identity: lab.identity,
      signal,
    });
    this.#switch = engaged;
    this.#timeline.add({ kind: 'switch', atNs: clock.nowNs(), stage: 'engaged', detail: this.#spec.cell.killSwitch });
  }

  async #tunnelUp(lab: Lab): Promise<void> {
    const span = await lab.tunnel.up();
    this.#timeline.add({ kind: 'tunnel', atNs: span.afterNs, state: 'up', span });
    await this.#switch?.tunnelUp();
  }

  async #start(lab: Lab): Promise<void> {
    const { clock, signal } = this.#hooks;
    const host = this.#switch?.clientHost ?? lab.hosts.client;
    const folder = (name: string): string => path.join(host.folder, name);
    const torrentFile = folder('payload.torrent');
    for (const name of ['state', 'downloads']) await mkdir(folder(name), { recursive: true });
    const instruments = this.#instruments;
    if (instruments === null) throw new Error('the client was to be started before the instruments were armed');
    await writeFile(torrentFile, instruments.payload.torrentFile);
    await host.run(['chown', '-R', '65534:65534', folder('state'), folder('downloads')], { anyStatus: true });
    const binding = this.#binding(lab);
    this.record.binding = binding.kind === 'none' ? 'none' : describeBinding(binding);
    this.record.clientVersion = await this.#client.version(host);
    const client = await this.#client.start(
      host,
      {
        torrent: this.#spec.torrent.magnet ? { magnet: instruments.magnet } : { file: torrentFile },
        stateFolder: folder('state'),
        downloadFolder: folder('downloads'),
        binding,
        features: this.#spec.features,
        peerPort: PEER_PORT,
        controlPort: CONTROL_PORT,
        dhtBootstrap: instruments.dhtRouters,
      },
      signal,
    );
    this.#running = client;
    this.#timeline.add({ kind: 'client-started', atNs: clock.nowNs() });
    void client.exited.then((status) => {
      this.record.clientExit = describeExit(status);
      this.#timeline.add({ kind: 'client-exited', atNs: clock.nowNs(), status: describeExit(status) });
    });
    await this.#switch?.clientStarted(client);
  }

  #binding(lab: Lab): Binding {
    const wanted = this.#switch?.binding ?? 'none';
    if (wanted === 'none') return { kind: 'none' };
    const kind = (wanted === 'interface-or-address' ? (['interface', 'address'] as const) : [wanted]).find((each) =>
      this.#client.bindings.includes(each),
    );
    if (kind === undefined) {
      throw new Unsupported(`${this.#client.title} has no option to bind to an ${wanted.replaceAll('-', ' ')}`);
    }
    const { device, config } = lab.tunnel;
    return { kind, device, address4: config.address4, address6: config.address6 };
  }

  /** Waits until payload has come through the tunnel. Throws when that does not happen in time or the client ends. */
  async #steady(lab: Lab): Promise<number> {
    const { exit4, exit6 } = lab.identity;
    const seconds = this.#spec.observe.steady;
    const event = await this.#timeline.next(
      (each) =>
        each.kind === 'client-exited' ||
        (each.kind === 'peer-piece' &&
          each.totalBytes >= STEADY_BYTES &&
          (each.sourceAddress === exit4 || each.sourceAddress === exit6)),
      { timeoutSeconds: seconds, signal: this.#hooks.signal },
    );
    if (event === null) throw new Error(`no steady state: no payload came through the tunnel within ${seconds} s`);
    if (event.kind === 'client-exited') throw new Error(`no steady state: the client ended with ${event.status}`);
    this.#timeline.add({ kind: 'client-steady', atNs: event.atNs });
    return event.atNs;
  }
}

function describeBinding(binding: Exclude<Binding, { kind: 'none' }>): string {
  return binding.kind === 'interface'
    ? `interface ${binding.device}`
    : `addresses ${binding.address4}, ${binding.address6}`;
}
