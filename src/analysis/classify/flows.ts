/**
 * What is remembered of each flow, so that a packet whose bytes say nothing is named by those that came before or after it.
 * An open-addressing table in one typed array: looking a flow up allocates nothing. It forgets nothing and grows to a
 * limit; flows beyond the limit are judged by their own bytes alone.
 */
import { UNDECIDED } from './classes.ts';

/** What the flow is, ports (or fragment id), last words of the two addresses, their other words (IPv6), ordinal + 1. */
const SLOT_WORDS = 11;
const ORDINAL_AT = 10;
const KEY_WORDS_V4 = 4;
const KEY_WORDS_V6 = 10;
/** Set in a key's first word for IPv6. */
const V6 = 0x8000_0000;
const FIRST_CAPACITY = 1 << 10;
/** Most slots of the table: at 44 bytes a slot and at most half of them used, 46 MB. */
const MAX_CAPACITY = 1 << 20;

/** The flow is not remembered: the table is full. */
export const NO_FLOW = -1;

export class FlowTable {
  #capacity = FIRST_CAPACITY;
  #slots = new Uint32Array(FIRST_CAPACITY * SLOT_WORDS);
  #count = 0;
  /** State of each flow, by ordinal: the class + 1, 0 while not known; and whether the bytes proved it. */
  #classes = new Int8Array(FIRST_CAPACITY / 2).fill(UNDECIDED);
  #proven = new Uint8Array(FIRST_CAPACITY / 2);
  readonly #key = new Uint32Array(ORDINAL_AT);
  /** Set by `find`: the flow had not been seen before. */
  isNew = false;

  /**
   * The ordinal of a flow, remembered from now on; NO_FLOW once the table is full.
   * @param discriminator tells apart what shares addresses and ports: protocol, fragment.
   * @param localAt,remoteAt where the two addresses are in `view`, 16 bytes each for `v6`, else 4.
   */
  find(discriminator: number, ports: number, view: DataView, localAt: number, remoteAt: number, v6: boolean): number {
    const key = this.#key;
    key[1] = ports;
    if (!v6) {
      key[0] = discriminator;
      key[2] = view.getUint32(localAt);
      key[3] = view.getUint32(remoteAt);
      return this.#findKey(KEY_WORDS_V4);
    }
    key[0] = discriminator | V6;
    key[2] = view.getUint32(localAt + 12);
    key[3] = view.getUint32(remoteAt + 12);
    for (let i = 0; i < 3; i++) {
      key[4 + i] = view.getUint32(localAt + 4 * i);
      key[7 + i] = view.getUint32(remoteAt + 4 * i);
    }
    return this.#findKey(KEY_WORDS_V6);
  }

  /** The flow's class, or UNDECIDED. */
  classOf(ordinal: number): number {
    return this.#classes[ordinal] ?? UNDECIDED;
  }

  isProven(ordinal: number): boolean {
    return this.#proven[ordinal] === 1;
  }

  /** Remembers a class: `proven` by bytes, or else taken from known addresses. */
  learn(ordinal: number, code: number, proven: boolean): void {
    if (ordinal === NO_FLOW) return;
    this.#classes[ordinal] = code;
    this.#proven[ordinal] = proven ? 1 : 0;
  }

  #findKey(words: number): number {
    const slots = this.#slots;
    const key = this.#key;
    const mask = this.#capacity - 1;
    let slot = hash(key, 0, words) & mask;
    for (;;) {
      const at = slot * SLOT_WORDS;
      const stored = slots[at + ORDINAL_AT] ?? 0;
      if (stored === 0) return this.#insert(at, words);
      if (matches(slots, at, key, words)) {
        this.isNew = false;
        return stored - 1;
      }
      slot = (slot + 1) & mask;
    }
  }

  #insert(at: number, words: number): number {
    if (this.#count >= this.#capacity / 2) {
      if (this.#capacity === MAX_CAPACITY) return NO_FLOW;
      this.#grow();
      return this.#findKey(words);
    }
    for (let i = 0; i < words; i++) this.#slots[at + i] = this.#key[i] ?? 0;
    this.#slots[at + ORDINAL_AT] = this.#count + 1;
    this.isNew = true;
    return this.#count++;
  }

  #grow(): void {
    const old = this.#slots;
    this.#capacity *= 2;
    this.#slots = new Uint32Array(this.#capacity * SLOT_WORDS);
    const mask = this.#capacity - 1;
    for (let at = 0; at < old.length; at += SLOT_WORDS) {
      if (old[at + ORDINAL_AT] === 0) continue;
      let slot = hash(old, at, ((old[at] ?? 0) & V6) === 0 ? KEY_WORDS_V4 : KEY_WORDS_V6) & mask;
      while (this.#slots[slot * SLOT_WORDS + ORDINAL_AT] !== 0) slot = (slot + 1) & mask;
      this.#slots.set(old.subarray(at, at + SLOT_WORDS), slot * SLOT_WORDS);
    }
    const classes = new Int8Array(this.#capacity / 2).fill(UNDECIDED);
    classes.set(this.#classes);
    this.#classes = classes;
    const proven = new Uint8Array(this.#capacity / 2);
    proven.set(this.#proven);
    this.#proven = proven;
  }
}

function matches(slots: Uint32Array, at: number, key: Uint32Array, words: number): boolean {
  for (let i = 0; i < words; i++) {
    if (slots[at + i] !== key[i]) return false;
  }
  return true;
}

/** Mixes the key's words (the finaliser of MurmurHash3 over a multiplicative sum). */
function hash(key: Uint32Array, at: number, words: number): number {
  let h = 0;
  for (let i = 0; i < words; i++) h = Math.imul(h ^ (key[at + i] ?? 0), 0x9e3779b1) ^ (h >>> 15);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
