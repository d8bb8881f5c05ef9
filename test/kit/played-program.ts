/** A program that is talked to in lines, played by a test. */
import type { ExitStatus, LineProcess } from '../../src/contracts/host.ts';

/** A program that says what the test has it say. */
export class Played implements LineProcess {
  readonly told: string[] = [];
  readonly ended: Promise<ExitStatus>;
  complaints = '';
  say: (line: string) => void = () => undefined;
  end: (status: ExitStatus) => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  hear(listener: (line: string) => void): void {
    this.say = listener;
  }

  tell(line: string): void {
    this.told.push(line);
  }

  kill(): void {
    this.end({ code: null, signal: 'SIGKILL' });
  }
}
