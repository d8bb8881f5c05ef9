/**
 * Whether bytes begin with one whole bencoded value (BEP 3), told in one pass. The libraries' decoders do not ask: a string
 * whose length is negative (`4:ipv-16:`) takes bencode 4.0.1 back to where it was, for ever, and a deep nesting takes it
 * beyond the stack. Whatever a network brought is asked here first.
 */

/**
 * Depth to which values are followed, which is libtorrent's (its bdecode's default); no message of BitTorrent goes
 * deeper than five.
 */
const DEEPEST = 100;
/** Most digits of a number: more make no length of a message, and no number that a double holds. */
const MOST_DIGITS = 15;

const BYTE = {
  dictionary: 0x64,
  list: 0x6c,
  integer: 0x69,
  end: 0x65,
  colon: 0x3a,
  minus: 0x2d,
  zero: 0x30,
  nine: 0x39,
};

/** Whether a whole value comes first; what follows it is not looked at. */
export function isBencoded(bytes: Uint8Array): boolean {
  /** Open lists and dictionaries: null for a list, else whether the dictionary's next string is a key. */
  const open: (boolean | null)[] = [];
  let at = 0;
  for (;;) {
    const first = bytes[at];
    const key = open.at(-1) === true;
    if (first === BYTE.dictionary || first === BYTE.list) {
      if (key || open.length === DEEPEST) return false;
      open.push(first === BYTE.dictionary ? true : null);
      at += 1;
      continue;
    }
    if (first === BYTE.end) {
      // A dictionary may end where a key could begin.
      if (open.length === 0 || open.at(-1) === false) return false;
      open.pop();
      at += 1;
    } else if (first === BYTE.integer) {
      if (key) return false;
      const digits = bytes[at + 1] === BYTE.minus ? at + 2 : at + 1;
      const end = afterDigits(bytes, digits);
      if (end === digits || bytes[end] !== BYTE.end) return false;
      at = end + 1;
    } else {
      const colon = afterDigits(bytes, at);
      if (colon === at || bytes[colon] !== BYTE.colon) return false;
      at = colon + 1 + Number(Buffer.from(bytes.buffer, bytes.byteOffset + at, colon - at).toString('latin1'));
      if (at > bytes.length) return false;
    }
    if (open.length === 0) return true;
    // A value (or a key) of the innermost dictionary is over: the other is next.
    const inner = open.at(-1);
    if (inner !== null && inner !== undefined) open[open.length - 1] = !inner;
  }
}

/** Where the digits that begin at `at` end; too many of them are none. */
function afterDigits(bytes: Uint8Array, at: number): number {
  let end = at;
  for (; end - at <= MOST_DIGITS; end++) {
    const digit = bytes[end];
    if (digit === undefined || digit < BYTE.zero || digit > BYTE.nine) return end;
  }
  return at;
}
