/** Arms a fault on a host: an injector process, ready, and the way back. */
import type { Bracket, Clock } from '../harness/clock.ts';
import type { Argv, ArmedFault, Host } from '../harness/contracts.ts';
import { Conversation } from '../harness/lines.ts';
import { programArgv } from '../harness/program.ts';
import { answerSchema, type Act, type Answer } from './acts.ts';

export interface Injection {
  /** What it is called in messages. */
  readonly fault: string;
  readonly host: Host;
  readonly clock: Clock;
  /** What is to happen, in this order; asked anew after each reversal, since process ids change. */
  readonly acts: () => Promise<readonly Act[]> | readonly Act[];
  readonly revert: () => Promise<Bracket>;
  /** Undoes what arming did beside the injector. */
  readonly disarm?: () => Promise<void>;
}

/**
 * Before everything else on its processor, for the half millisecond that it runs: a busy machine then does not stretch
 * the bracket. Only where the host lets us (CAP_SYS_NICE).
 */
async function realTime(host: Host, argv: Argv): Promise<Argv> {
  const chrt = ['chrt', '--fifo', '50'] as const;
  const tried = await host.run([...chrt, 'true'], { anyStatus: true });
  return tried.status.code === 0 ? [...chrt, ...argv] : argv;
}

export async function armInjector(injection: Injection): Promise<ArmedFault> {
  const { fault, host, clock } = injection;
  const job = { originUnixNs: String(clock.originUnixNs), folder: host.folder };
  const argv = await realTime(host, programArgv('faults/injector', job));
  const injector = new Conversation(`the injector of ${fault}`, await host.spawn(argv));
  const ask = async (line: string): Promise<Answer> => answerSchema.parse(JSON.parse(await injector.ask(line)));
  const prepare = async (): Promise<void> => {
    const answer = await ask(JSON.stringify({ prepare: await injection.acts() }));
    if ('failed' in answer) throw new Error(`fault ${fault} could not be armed on ${host.name}: ${answer.failed}`);
  };
  try {
    await prepare();
  } catch (error) {
    await injector.end();
    throw error;
  }
  let armed = true;
  return {
    async inject() {
      if (!armed) throw new Error(`fault ${fault} was injected already; revert it first`);
      armed = false;
      const answer = await ask('inject');
      if ('failed' in answer) throw new Error(`fault ${fault} did not happen on ${host.name}: ${answer.failed}`);
      if (!('beforeNs' in answer)) throw new Error(`fault ${fault}: the injector gave no bracket`);
      const { beforeNs, afterNs, complaints } = answer;
      if (complaints !== '') throw new Error(`fault ${fault} did not happen on ${host.name}: ${complaints.trim()}`);
      return { beforeNs, afterNs };
    },
    async revert() {
      const span = await injection.revert();
      await prepare();
      armed = true;
      return span;
    },
    async [Symbol.asyncDispose]() {
      await injector.end();
      await injection.disarm?.();
    },
  };
}
