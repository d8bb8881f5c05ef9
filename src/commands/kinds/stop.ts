/** The end that somebody asks for before the campaign has come to its own. */
import { EXIT } from '../../contracts/errors.ts';

/** Says how to go on; gives the exit code. */
export function sayInterrupted(again: string): number {
  process.stderr.write(`killswitch-lab: interrupted; to go on: npm run scenario -- ${again}\n`);
  return EXIT.interrupted;
}
