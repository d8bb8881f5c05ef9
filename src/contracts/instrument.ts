/** Report of an instrument on itself: types only. */

export interface InstrumentReport {
  /** Packets or events it knows it lost; null when it cannot say. */
  readonly dropped: number | null;
  /** Why it could not see for part of the trial; null when it saw throughout. */
  readonly blind: string | null;
}

/** A running instrument; `start` of its probe resolved only when the next packet would be recorded. */
export interface RunningInstrument {
  readonly id: string;
  stop(): Promise<InstrumentReport>;
}
