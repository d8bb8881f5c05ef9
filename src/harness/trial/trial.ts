/**
 * One trial: one run of one cell in a lab of its own. The body of `runTrial` is the order of events that design and paper
 * describe; what each step does is below it.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { faultOf } from './cell.ts';
import { blankRecord } from './blank-record.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { ArmedFault } from '../../contracts/fault.ts';
import type { Lab } from '../../contracts/lab.ts';
import { Unsupported, messageOf } from '../../contracts/errors.ts';
import { Heartbeat } from './heartbeat.ts';
import { Instruments } from './instruments.ts';
import { machineId } from './machine.ts';
import { changedLab } from '../labs/changed.ts';
import { awaitMoment } from './moments.ts';
import type { TrialSpec } from './spec.ts';
import type { Endpoint } from '../../records/identity.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { seal } from './seal.ts';
import { Subject } from './subject.ts';
import { Timeline, observe } from './live-timeline.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

export interface TrialHooks {
  readonly openLab: () => Promise<Lab>;
  readonly clock: Clock;
  readonly onStage: (stage: string) => void;
  readonly signal: AbortSignal;
}

/** Payload that must have come through the tunnel, from at least one observer, before a trial counts. */
const STEADY_BYTES = 32 * 1024;
/** Lines of the client's log kept in the record of a trial that did not complete, or whose client ended unasked. */
const LOG_LINES = 20;

const withEndpoints = (lab: Lab, otherEndpoints: readonly Endpoint[]): Lab =>
  changedLab(lab, { identity: { ...lab.identity, otherEndpoints: [...otherEndpoints] } });

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
  readonly #heartbeat = new Heartbeat();
  #stage = 'opening the lab';
  #lab: Lab | null = null;
  #instruments: Instruments | null = null;
  #subject: Subject | null = null;
  #fault: ArmedFault | null = null;

  constructor(spec: TrialSpec, hooks: TrialHooks, timeline: Timeline) {
    this.#spec = spec;
    this.#hooks = hooks;
    this.#timeline = timeline;
    this.record = blankRecord(spec, hooks.clock.originUnixNs);
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
    const planned = faultOf(this.#spec.cell);
    const opened = await this.#hooks.openLab();
    this.#lab = opened;
    const lab = planned.endpoints === undefined ? opened : withEndpoints(opened, planned.endpoints);
    this.record.ran = { ...opened.describe(), machine: machineId() };
    this.record.identity = lab.identity;

    enter('arming the instruments');
    const instruments = await Instruments.arm(lab, this.#spec, this.#timeline);
    this.#instruments = instruments;
    this.record.swarm = instruments.swarm;
    this.record.canaries.push(...(await instruments.canaries('before')));
    note({ armedNs: clock.nowNs() });
    this.#heartbeat.start();

    const subject = new Subject({ lab, spec: this.#spec, instruments, timeline: this.#timeline, clock, signal });
    this.#subject = subject;
    for (const step of this.#spec.order) {
      enter(`starting: ${step}`);
      if (step === 'client') note({ clientStartedNs: clock.nowNs() });
      await subject.start(step);
    }

    enter('waiting for steady state');
    note({ steadyNs: await this.#steady(lab) });
    this.#timeline.add({ kind: 'phase', atNs: clock.nowNs(), name: 'baseline' });

    enter('arming the fault');
    const fault = await planned.arm(subject.lab, subject);
    this.#fault = fault;

    enter('waiting for the moment');
    const due = await awaitMoment(this.#spec.cell.moment, this.#spec.seed, this.#timeline, clock, signal);

    // The stage is not told to listeners here: telling them would come between the event and its fault.
    this.#stage = 'fault';
    const injected = fault.inject();
    instruments.forgetMarked();
    const span = await injected;
    this.record.momentAchievedNs = span.beforeNs - due;
    note({ fault: span });
    this.#timeline.add({ kind: 'fault', atNs: span.beforeNs, fault: this.#spec.cell.fault, span });
    this.#timeline.add({ kind: 'phase', atNs: span.afterNs, name: 'outage' });
    enter('outage');
    instruments.beginRetrieval();
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
      enter('retrieval');
      await this.#aftermath(subject, instruments, span.beforeNs, this.#spec.retrieval);
    }

    enter('closing');
    this.#timeline.add({ kind: 'phase', atNs: clock.nowNs(), name: 'closing' });
    this.record.canaries.push(...(await instruments.canaries('after')));
  }

  /** The client ends as a user would end it; the swarm is asked on, until the horizon, what it still hands out. */
  async #aftermath(
    subject: Subject,
    instruments: Instruments,
    faultNs: number,
    { every, horizon }: Retrieval,
  ): Promise<void> {
    const { clock, signal } = this.#hooks;
    this.#timeline.add({ kind: 'phase', atNs: clock.nowNs(), name: 'aftermath' });
    await subject.stopClient();
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
    this.record.clientLogTail = [...((await this.#subject?.logTail(LOG_LINES)) ?? [])];
  }

  /**
   * Ends the trial: what the switch said, then silence on the uplink, then both witnesses are read. The silence is the
   * link taken down on the client's side, after which neither witness can count a frame that the other does not.
   */
  async close(): Promise<void> {
    this.#heartbeat.stop();
    this.record.heartbeatMaxDelayNs = this.#heartbeat.maxDelayNs;
    try {
      await this.#tellSubject();
      if (this.#lab !== null && this.#instruments !== null) {
        await this.#lab.hosts.client.run(['ip', 'link', 'set', 'eth0', 'down'], { anyStatus: true });
        const { counters, captures, instruments } = await this.#instruments.stop();
        this.record.counters = counters;
        this.record.captures = captures;
        this.record.instruments = instruments;
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

  async #tellSubject(): Promise<void> {
    if (this.#subject === null) return;
    await this.#subject.tellInstants();
    this.record.binding = this.#subject.binding;
    this.record.clientVersion = this.#subject.version;
    this.record.clientExit = this.#subject.exit;
    if (this.#subject.endedByItself) this.record.clientLogTail = [...(await this.#subject.logTail(LOG_LINES))];
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
