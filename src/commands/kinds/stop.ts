/** The end that somebody asks for before the campaign has come to its own. */
import { EXIT } from '../../contracts/errors.ts';

/** Ctrl-C, a service manager, a closed terminal. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Aborted when somebody asks for the end; a second time ends the process at once, and every lab with it. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of STOP_SIGNALS) process.once(signal, () => stop.abort());
  return stop.signal;
}

/** Says how to go on; gives the exit code. */
export function sayInterrupted(again: string): number {
  process.stderr.write(`killswitch-lab: interrupted; to go on: npm run scenario -- ${again}\n`);
  return EXIT.interrupted;
}
