/**
 * What becomes of a command that somebody asks to end: Ctrl-C, a service manager, a closed terminal.
 *
 * The first time, a command that has something to finish (`finishing`) finishes it; any other ends at once. The second
 * time every command ends at once, and with it all that it started. The listeners stay for as long as the process lives:
 * with one that goes at the first signal, a library that listens for signals too (log-update, to give the terminal its
 * cursor back) takes itself for the only one that is left, and ends the process.
 */
import { EXIT } from '../contracts/errors.ts';
import { descendants, signalAll } from './descendants.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const asked = new AbortController();
let finishes = false;

/** Listens for as long as the process lives. */
export function listenForInterruption(): void {
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (finishes && !asked.signal.aborted) {
        asked.abort();
        say(`${signal}: finishing what has to be; once more ends at once`);
        return;
      }
      say('interrupted');
      signalAll(descendants(), 'SIGKILL');
      process.exit(EXIT.interrupted);
    });
  }
}

/** Aborted when somebody asks for the end. Whoever asks for it takes it upon himself to end soon. */
export function finishing(): AbortSignal {
  finishes = true;
  return asked.signal;
}

/** A terminal that was closed takes no more words, and that is no reason to leave the rest undone. */
function say(words: string): void {
  process.stderr.write(`killswitch-lab: ${words}\n`);
}
