/**
 * The harness's end of a program that is asked: it answers each line told to it with one line of JSON, in the order in which
 * it was told, and may tell of events between. Every line is parsed; one that nobody understands fails the questions that
 * are open and all that follow, since what it would have answered is not known.
 */
import type * as z from 'zod';
import type { LineProcess } from '../contracts/host.ts';
import { describeExit } from '../contracts/errors.ts';

/** Characters of a line that nobody understands which its message quotes. */
const QUOTED = 200;

interface Waiting<Said> {
  readonly resolve: (said: Said) => void;
  readonly reject: (reason: Error) => void;
}

export class Conversation<Said> {
  readonly process: LineProcess;
  readonly #waiting: Waiting<Said>[] = [];
  #over: Error | null = null;
  #closing = false;
  #wrong: Error | null = null;

  /**
   * `name` is what messages call the program, `says` what it may say. `onEvent` gets every line first and returns whether it
   * was an event; by default all lines are answers.
   */
  constructor(
    name: string,
    process: LineProcess,
    says: z.ZodType<Said>,
    onEvent: (said: Said) => boolean = () => false,
  ) {
    this.process = process;
    process.hear((line) => {
      const said = says.safeParse(parseJson(line));
      if (!said.success) this.#fail(new Error(`${name} said what nobody understands: «${line.slice(0, QUOTED)}»`));
      else if (!onEvent(said.data)) this.#waiting.shift()?.resolve(said.data);
    });
    void process.ended.then((status) => {
      const why = new Error(`${name} ended with ${describeExit(status)}: ${process.complaints || '(no message)'}`);
      if (this.#closing) this.#end(why);
      else this.#fail(why);
    });
  }

  /**
   * Tells it at once, in this turn of the event loop: a word as it is, an object as JSON. Rejects when the program ends
   * without an answer.
   */
  ask(question: string | object): Promise<Said> {
    const answer = this.answer();
    if (this.#over === null) this.tell(question);
    return answer;
  }

  /** Tells it something that it does not answer; does nothing when the program has ended. */
  tell(word: string | object): void {
    this.process.tell(typeof word === 'string' ? word : JSON.stringify(word));
  }

  /** The next answer of a program that begins by itself. Rejects when the program ends without one. */
  answer(): Promise<Said> {
    if (this.#over !== null) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /**
   * Tells it the word upon which it ends, and waits for its end. Gives what went wrong until then, first things first: a
   * line that nobody understood, an end that nobody asked for; null where nothing did.
   */
  async close(word: string | object): Promise<Error | null> {
    this.#closing = true;
    this.tell(word);
    await this.process.ended;
    return this.#wrong;
  }

  #fail(why: Error): void {
    this.#wrong ??= why;
    this.#end(why);
  }

  #end(why: Error): void {
    this.#over ??= why;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#over);
  }
}

/** What the line holds; undefined, which no schema takes, where it is no JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
