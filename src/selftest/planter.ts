/** Plants the leaks from the client's own link, beneath every rule of the client, and notes the instant of each. */
import * as z from 'zod';
import type { Bracket, Clock } from '../contracts/clock.ts';
import type { Lab } from '../contracts/lab.ts';
import { LAN_MAC } from '../contracts/addresses.ts';
import { CLEAR_CLASSES, FAMILIES, PHASES, SOURCE_KINDS, type Phase } from '../records/vocabulary.ts';
import { startRawFrameSender, type RawFrameSender } from '../probes/raw-frame-sender.ts';
import { leaks, type Leak } from './leaks.ts';

export const plantedSchema = z.object({
  phase: z.enum(PHASES),
  class: z.enum(CLEAR_CLASSES),
  family: z.enum(FAMILIES),
  source: z.enum(SOURCE_KINDS),
  span: z.object({ beforeNs: z.number(), afterNs: z.number() }),
});
export type Planted = z.infer<typeof plantedSchema>;

export class Planter {
  readonly planted: Planted[] = [];
  readonly #sender: RawFrameSender;
  readonly #leaks: readonly Leak[];
  readonly #clock: Clock;
  #last: Promise<void> = Promise.resolve();

  private constructor(sender: RawFrameSender, all: readonly Leak[], clock: Clock) {
    this.#sender = sender;
    this.#leaks = all;
    this.#clock = clock;
  }

  static async open(lab: Lab): Promise<Planter> {
    const sender = await startRawFrameSender(lab.hosts.client, 'eth0');
    return new Planter(sender, leaks(lab.identity.clientMac, LAN_MAC), lab.clock);
  }

  /** Plants every leak once, one after the other. */
  plant(phase: Phase): void {
    this.#last = this.#last.then(async () => {
      for (const leak of this.#leaks) {
        const span: Bracket = await this.#sender.send(leak.frame, this.#clock);
        this.planted.push({ phase, class: leak.class, family: leak.family, source: leak.source, span });
      }
    });
    this.#last.catch(() => undefined); // told by finished()
  }

  /** Resolves when all that was to be planted is; throws when it could not be. */
  finished(): Promise<void> {
    return this.#last;
  }
}
