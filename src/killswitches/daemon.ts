/**
 * The harness's side of a kill switch's process (daemon-program.ts): starts it on the client's host, gives it its orders, keeps
 * what it says it did, and starts it again where the implementation's service manager would.
 */
import type { Bracket, InstantNs } from '../contracts/clock.ts';
import type { RunningProcess } from '../contracts/host.ts';
import type { SwitchContext, SwitchProcess, SwitchStage } from '../contracts/kill-switch.ts';
import { Conversation } from '../programs/conversation.ts';
import { lineProcess } from '../programs/lines.ts';
import { programArgv } from '../programs/program.ts';
import {
  reportSchema,
  type Notice,
  type Order,
  type Reaction,
  type Report,
  type ServiceJob,
} from './daemon-protocol.ts';
import type { Step } from './steps.ts';

export interface ServiceOptions {
  readonly notice: Notice;
  /** Seconds after which the service manager starts the daemon again; null where nobody does. */
  readonly restartSeconds: number | null;
  /** Steps the daemon takes first when it starts after a crash. */
  readonly afterCrash: readonly Step[];
}

export interface Instant {
  readonly stage: SwitchStage;
  readonly atNs: InstantNs;
  readonly detail: string;
}

export class Service implements SwitchProcess {
  readonly #context: SwitchContext;
  readonly #options: ServiceOptions;
  readonly #instants: Instant[] = [];
  #running: { readonly process: RunningProcess; readonly talk: Conversation<Report> } | null = null;
  #reaction: Reaction = { kill: [], onLoss: [], onReturn: [] };
  #ended = false;
  #revival: NodeJS.Timeout | null = null;

  private constructor(context: SwitchContext, options: ServiceOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Starts it; resolves when it watches. */
  static async start(context: SwitchContext, options: ServiceOptions): Promise<Service> {
    const service = new Service(context, options);
    await service.#spawn();
    return service;
  }

  /** Actions the daemon says it took, and when. */
  get instants(): readonly Instant[] {
    return this.#instants;
  }

  pids(): readonly number[] {
    return this.#running === null ? [] : [this.#running.process.pid];
  }

  /** Has the daemon run the steps now, one after the other; gives the bracket from the first to the last. */
  async run(steps: readonly Step[]): Promise<Bracket> {
    const { beganNs, atNs } = await this.#order({ order: 'run', steps: [...steps] });
    return { beforeNs: beganNs ?? atNs, afterNs: atNs };
  }

  /** Tells it what to do when it sees the tunnel lost, and when it sees it again. */
  async react(reaction: Partial<Reaction>): Promise<void> {
    this.#reaction = { ...this.#reaction, ...reaction };
    await this.#order({ order: 'react', reaction: this.#reaction });
  }

  /**
   * Has the daemon see that the tunnel is up, without a change to when it looks next. Whoever chooses the interface to
   * watch chooses it while connected; a poll that has not come round yet must not make the first fault one that it
   * cannot see.
   */
  async seeTunnel(): Promise<void> {
    if (this.#running !== null) await this.#order({ order: 'see-tunnel' });
  }

  /** Starts it again if it is dead: what its service manager or its user does. */
  async restart(): Promise<void> {
    if (this.#revival !== null) clearTimeout(this.#revival);
    this.#revival = null;
    if (this.#running !== null || this.#ended) return;
    await this.#spawn();
    await this.run(this.#options.afterCrash);
    await this.react({});
  }

  async end(): Promise<void> {
    this.#ended = true;
    if (this.#revival !== null) clearTimeout(this.#revival);
    const process = this.#running?.process;
    process?.signal('SIGTERM');
    await process?.exited;
  }

  async #spawn(): Promise<void> {
    const { host, clock, tunnel } = this.#context;
    const job: ServiceJob = {
      originUnixNs: String(clock.originUnixNs),
      device: tunnel.device,
      notice: this.#options.notice,
    };
    const process = await host.spawn([...programArgv('killswitches/daemon-program'), JSON.stringify(job)]);
    const talk = new Conversation('the process of the kill switch', lineProcess(process), reportSchema, this.#keep);
    this.#running = { process, talk };
    void process.exited.then(() => {
      this.#running = null;
      const { restartSeconds } = this.#options;
      if (this.#ended || restartSeconds === null) return;
      // A process that cannot be started again is a kill switch that stays dead: the capture shows what follows.
      this.#revival = setTimeout(() => void this.restart().catch(() => undefined), restartSeconds * 1000);
    });
    done(await talk.answer());
  }

  /** Keeps what it did by itself, which answers no order. */
  readonly #keep = ({ stage, atNs, detail }: Report): boolean => {
    if (stage === 'done' || stage === 'failed') return false;
    this.#instants.push({ stage, atNs, detail });
    return true;
  };

  async #order(order: Order): Promise<Report> {
    if (this.#running === null) throw new Error('the process of the kill switch is not running');
    return done(await this.#running.talk.ask(order));
  }
}

/** The answer to an order that was carried out. Throws what it says of one that was not. */
function done(report: Report): Report {
  if (report.stage === 'failed') throw new Error(report.detail);
  return report;
}
