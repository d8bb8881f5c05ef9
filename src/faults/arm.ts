/** Arms a fault on a host: an injector process, ready, and the way back. */
import type { Bracket, Clock } from '../contracts/clock.ts';
import type { ArmedFault } from '../contracts/fault.ts';
import type { Host } from '../contracts/host.ts';
import { Conversation } from '../programs/conversation.ts';
import { startLines } from '../programs/lines.ts';
import { programArgv } from '../programs/program.ts';
import { answerSchema, type Act, type Answer } from './acts.ts';
import { inBackground } from './background.ts';

export interface Injection {
  /** Name of the fault in messages. */
  readonly fault: string;
  readonly host: Host;
  readonly clock: Clock;
  /** What is to happen, in this order; asked anew after each reversal, since process ids change. */
  readonly acts: () => Promise<readonly Act[]> | readonly Act[];
  /** Acts done at once after the bracketed ones, outside the bracket. */
  readonly afterwards?: readonly Act[];
  readonly revert: () => Promise<Bracket>;
  /** What goes on after the injection until the reversal: flapping, coming back by itself. */
  readonly follow?: ((signal: AbortSignal, injector: RemoteInjector) => Promise<void>) | undefined;
  /** Undoes what arming did beside the injector. */
  readonly disarm?: () => Promise<void>;
}

/** Arms a fault that one injector on one host makes happen. Throws when it cannot be made ready. */
export async function armInjector(injection: Injection): Promise<ArmedFault> {
  const injector = await RemoteInjector.start(injection.fault, injection.host, injection.clock);
  const prepare = async (): Promise<void> => injector.prepare(await injection.acts(), injection.afterwards);
  try {
    await prepare();
  } catch (error) {
    await injector.end();
    throw error;
  }
  let end: (() => Promise<void>) | null = null;
  const unfollow = async (): Promise<void> => {
    const began = end;
    end = null;
    await began?.();
  };
  return {
    async inject() {
      const span = await injector.inject();
      const { follow } = injection;
      if (follow !== undefined) end = inBackground((signal) => follow(signal, injector).catch(ignoreAbort));
      return span;
    },
    async revert() {
      await unfollow();
      const span = await injection.revert();
      // Prepare now, not at the next inject(): a program that waits for its input needs time to reach its read.
      await prepare();
      return span;
    },
    async [Symbol.asyncDispose]() {
      await unfollow();
      await injector.end();
      await injection.disarm?.();
    },
  };
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
}

/** The process of injector.ts on a host. */
class RemoteInjector {
  readonly #fault: string;
  readonly #host: Host;
  readonly #process: Conversation<Answer>;
  #ready = false;

  private constructor(fault: string, host: Host, process: Conversation<Answer>) {
    this.#fault = fault;
    this.#host = host;
    this.#process = process;
  }

  static async start(fault: string, host: Host, clock: Clock): Promise<RemoteInjector> {
    const job = JSON.stringify({ originUnixNs: String(clock.originUnixNs) });
    const process = await startLines(host, programArgv('faults/injector'), job);
    const conversation = new Conversation(`the injector of ${fault}`, process, answerSchema);
    await conversation.ask('here');
    // Users of a lab's own may not see to that themselves. It blocks by now, and turns no event loop; what it starts is after
    // this.
    process.hasten?.();
    return new RemoteInjector(fault, host, conversation);
  }

  /** Makes everything ready: starts, opens and warms up what the acts need. */
  async prepare(acts: readonly Act[], afterwards: readonly Act[] = []): Promise<void> {
    const answer = await this.#process.ask({ prepare: acts, afterwards });
    if ('failed' in answer) {
      throw new Error(`fault ${this.#fault} could not be armed on ${this.#host.name}: ${answer.failed}`);
    }
    this.#ready = true;
  }

  /** Does the fault: one write. Throws when the kernel or a program complained. */
  async inject(): Promise<Bracket> {
    if (!this.#ready) throw new Error(`fault ${this.#fault} was injected already; revert it first`);
    this.#ready = false;
    const answer = await this.#process.ask('inject');
    if (!('beforeNs' in answer)) {
      throw new Error(`fault ${this.#fault} did not happen on ${this.#host.name}: ${JSON.stringify(answer)}`);
    }
    const { beforeNs, afterNs, complaints } = answer;
    if (complaints !== '') {
      throw new Error(`fault ${this.#fault} did not happen on ${this.#host.name}: ${complaints.trim()}`);
    }
    return { beforeNs, afterNs };
  }

  /** Ends it in its own way: a program that waits for input would take the end of it for an order. */
  async end(): Promise<void> {
    const { process } = this.#process;
    process.tell('end');
    await process.ended;
  }
}
