/**
 * Waits for canaries: which instrument saw which nonce, in time or not. Driven by the instruments' own reports; the
 * time-out only bounds the wait for one that is blind.
 */

/** `uplink` and `wan` are the captures; `counters` the packet-filter counters. */
export const CANARY_INSTRUMENTS = [
  'tracker-http',
  'tracker-udp',
  'dht',
  'peer-tcp',
  'peer-utp',
  'stun',
  'sink',
  'resolver',
  'neighbour',
  'uplink',
  'wan',
  'counters',
] as const;
export type CanaryInstrument = (typeof CANARY_INSTRUMENTS)[number];

/** What an instrument did with a canary: a row of the trial's record. */
export interface CanarySighting {
  readonly instrument: CanaryInstrument;
  readonly seen: boolean;
}

interface Round {
  readonly missing: Set<CanaryInstrument>;
  readonly done: () => void;
}

export class CanaryWatch {
  readonly #rounds = new Map<string, Round>();

  /** Whether a round waits: captures need not search frames for canaries otherwise. */
  get waiting(): boolean {
    return this.#rounds.size > 0;
  }

  /** An instrument saw the canary; news of a round that is over is dropped. */
  saw(instrument: CanaryInstrument, nonce: string): void {
    const round = this.#rounds.get(nonce);
    if (round === undefined) return;
    round.missing.delete(instrument);
    if (round.missing.size === 0) round.done();
  }

  /** Begins a round, then calls `send`; resolves when all instruments saw the canary or `patienceMs` is over. */
  async round(
    nonce: string,
    instruments: readonly CanaryInstrument[],
    patienceMs: number,
    send: () => Promise<void> | void,
  ): Promise<CanarySighting[]> {
    const missing = new Set(instruments);
    let timer: NodeJS.Timeout | undefined;
    try {
      const over = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patienceMs);
        this.#rounds.set(nonce, { missing, done: resolve });
      });
      await send();
      if (missing.size > 0) await over;
    } finally {
      clearTimeout(timer);
      this.#rounds.delete(nonce);
    }
    return instruments.map((instrument) => ({ instrument, seen: !missing.has(instrument) }));
  }
}
