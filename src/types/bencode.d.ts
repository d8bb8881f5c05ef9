/** bencode 4: strings decode to Uint8Array, dictionaries to objects with string keys. */
declare module 'bencode' {
  const bencode: {
    encode(value: unknown): Uint8Array;
    /** Throws on malformed input; null for empty input. */
    decode(data: Uint8Array): unknown;
  };
  export default bencode;
}
