/** Builds pcapng blocks in either byte order, independently of the writer under test. */
import { bytes, u16, u32 } from './frames.ts';

export interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

export class Blocks {
  readonly #littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  word(value: number): Uint8Array {
    return this.#littleEndian ? Buffer.from(u32(value)).reverse() : u32(value);
  }

  half(value: number): Uint8Array {
    return this.#littleEndian ? Buffer.from(u16(value)).reverse() : u16(value);
  }

  long(value: bigint): Uint8Array {
    const big = Buffer.alloc(8);
    big.writeBigUInt64BE(BigInt.asUintN(64, value));
    return this.#littleEndian ? big.reverse() : big;
  }

  block(type: number, body: Uint8Array): Uint8Array {
    const length = 12 + body.length;
    return bytes(this.word(type), this.word(length), body, this.word(length));
  }

  options(options: readonly Option[]): Uint8Array {
    if (options.length === 0) return bytes();
    return bytes(
      ...options.flatMap(({ code, value }) => [this.half(code), this.half(value.length), padded(value)]),
      u32(0),
    );
  }

  section(options: readonly Option[] = []): Uint8Array {
    const body = bytes(this.word(0x1a2b3c4d), this.half(1), this.half(0), this.long(-1n), this.options(options));
    return this.block(0x0a0d0d0a, body);
  }

  interface(linkType: number, options: readonly Option[] = [], snapLength = 0): Uint8Array {
    return this.block(1, bytes(this.half(linkType), this.half(0), this.word(snapLength), this.options(options)));
  }

  enhanced(
    id: number,
    ticks: bigint,
    data: Uint8Array,
    original = data.length,
    options: readonly Option[] = [],
  ): Uint8Array {
    return this.block(6, bytes(this.word(id), ...this.#packet(ticks, data, original), this.options(options)));
  }

  /** The obsolete packet block. */
  old(id: number, drops: number, ticks: bigint, data: Uint8Array): Uint8Array {
    return this.block(2, bytes(this.half(id), this.half(drops), ...this.#packet(ticks, data, data.length)));
  }

  simple(data: Uint8Array, original = data.length): Uint8Array {
    return this.block(3, bytes(this.word(original), padded(data)));
  }

  statistics(id: number, options: readonly Option[]): Uint8Array {
    return this.block(5, bytes(this.word(id), this.word(0), this.word(0), this.options(options)));
  }

  #packet(ticks: bigint, data: Uint8Array, original: number): Uint8Array[] {
    const high = this.word(Number(ticks >> 32n));
    const low = this.word(Number(ticks & 0xffff_ffffn));
    return [high, low, this.word(data.length), this.word(original), padded(data)];
  }
}

function padded(value: Uint8Array): Uint8Array {
  return bytes(value, new Uint8Array((4 - (value.length % 4)) % 4));
}
