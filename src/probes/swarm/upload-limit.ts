/**
 * A token bucket over all the blocks one observer uploads: real seeds are slow, and a torrent that never finishes keeps
 * the client in one state for the whole trial. Blocks wait in order of request; a connection whose socket is full is
 * passed over until it drains, so that a dead one does not starve the others.
 */

/** A block waiting to be uploaded. */
export interface Upload {
  readonly bytes: number;
  /** `waiting` while the socket is full, `gone` once the connection has ended. */
  state(): 'ready' | 'waiting' | 'gone';
  send(): void;
}

/** Two blocks of 16 KiB, the size clients ask for: enough to start at once, too little to outrun the rate. */
const BURST_BYTES = 2 * 16_384;

export class UploadLimit {
  readonly #bytesPerSecond: number;
  #queue: Upload[] = [];
  #tokens = BURST_BYTES;
  #filledAtMs = performance.now();
  #timer: NodeJS.Timeout | null = null;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  add(upload: Upload): void {
    this.#queue.push(upload);
    this.wake();
  }

  /** Sends what may be sent now and sets the timer for the next block. Called again when a socket drains. */
  wake(): void {
    if (this.#timer !== null) return;
    this.#queue = this.#queue.filter((upload) => upload.state() !== 'gone');
    this.#refill();
    for (let index = 0; index < this.#queue.length;) {
      const upload = this.#queue[index];
      if (upload?.state() !== 'ready') {
        index++;
        continue;
      }
      // A block larger than the burst is let through on a full bucket and paid for afterwards.
      const missing = Math.min(upload.bytes, BURST_BYTES) - this.#tokens;
      if (missing > 0) {
        this.#timer = setTimeout(
          () => {
            this.#timer = null;
            this.wake();
          },
          Math.ceil((missing / this.#bytesPerSecond) * 1000),
        );
        return;
      }
      this.#queue.splice(index, 1);
      this.#tokens -= upload.bytes;
      upload.send();
    }
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#queue = [];
  }

  #refill(): void {
    const nowMs = performance.now();
    const gained = ((nowMs - this.#filledAtMs) / 1000) * this.#bytesPerSecond;
    this.#tokens = Math.min(BURST_BYTES, this.#tokens + gained);
    this.#filledAtMs = nowMs;
  }
}
