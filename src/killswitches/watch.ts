/**
 * The harness's side of the watching switches (app-kill, app-block): starts the watcher on the client's host, tells it
 * what to do when it sees the tunnel down, and keeps what it says it did. See watcher.ts for the other side.
 */
import { z } from 'zod';
import type { RunningProcess, SwitchContext, SwitchStage } from '../harness/contracts.ts';
import type { InstantNs } from '../harness/clock.ts';
import { describeExit } from '../harness/errors.ts';
import { eachLine } from '../harness/lines.ts';
import { programArgv } from '../harness/program.ts';
import { SWITCH_STAGES } from '../harness/records.ts';

export const watchJobSchema = z.object({
  originUnixNs: z.string(),
  device: z.string(),
  /** Seconds between two looks, or at each netlink event of the link. */
  notice: z.union([z.number().positive(), z.literal('netlink')]),
});

/** A line to the watcher: what it is to do when it sees the tunnel down. */
export const watchOrderSchema = z.object({ kill: z.array(z.number().int().positive()) });
export type WatchOrder = z.infer<typeof watchOrderSchema>;

/** A line from the watcher: what it did, or that it is ready (to watch, or to carry out an order). */
export const watchReportSchema = z.object({
  stage: z.enum([...SWITCH_STAGES, 'ready']),
  atNs: z.number().int(),
  detail: z.string(),
});
export type WatchReport = z.infer<typeof watchReportSchema>;

export class Watch {
  readonly #process: RunningProcess;
  readonly #instants: { stage: SwitchStage; atNs: InstantNs; detail: string }[] = [];
  #onReady: (() => void) | null = null;
  #complaints = '';

  private constructor(process: RunningProcess) {
    this.#process = process;
    eachLine(process.stderr, (line) => (this.#complaints += `${line}\n`));
    eachLine(process.stdout, (line) => {
      const { stage, atNs, detail } = watchReportSchema.parse(JSON.parse(line));
      if (stage === 'ready') this.#onReady?.();
      else this.#instants.push({ stage, atNs, detail });
    });
  }

  /** Starts a watcher; resolves when it watches. */
  static async start(context: SwitchContext, notice: number | 'netlink'): Promise<Watch> {
    const { host, clock, tunnel } = context;
    const job = { originUnixNs: String(clock.originUnixNs), device: tunnel.device, notice };
    const watch = new Watch(await host.spawn(programArgv('killswitches/watcher', job)));
    await watch.#ready();
    return watch;
  }

  /** What it says it did and when. */
  get instants(): readonly { stage: SwitchStage; atNs: InstantNs; detail: string }[] {
    return this.#instants;
  }

  /** Resolves when the watcher has taken the order. */
  async order(order: WatchOrder): Promise<void> {
    this.#process.stdin.write(JSON.stringify(order) + '\n');
    await this.#ready();
  }

  async end(): Promise<void> {
    this.#process.signal('SIGTERM');
    await this.#process.exited;
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onReady = resolve;
      void this.#process.exited.then((status) =>
        reject(
          new Error(`the watcher ended with ${describeExit(status)}: ${this.#complaints.trim() || '(no message)'}`),
        ),
      );
    });
  }
}
