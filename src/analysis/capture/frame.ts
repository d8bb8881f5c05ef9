/**
 * One captured frame, and the clock arithmetic of captures. A reader reuses a single `Frame`, pointing it at each frame in
 * turn inside its own buffer: no allocation per packet. What a visitor wants to keep it must copy.
 */

/** Link types (https://www.tcpdump.org/linktypes.html) whose network header the analysis can find. */
export const LINK = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

const EMPTY = new DataView(new ArrayBuffer(0));

/** A view of one frame; valid only until the visitor returns. */
export class Frame {
  view: DataView = EMPTY;
  /** Offset in `view` at which the frame begins. */
  offset = 0;
  /** Bytes of the frame in the capture. */
  captured = 0;
  /** Bytes there were on the wire. */
  original = 0;
  linkType = 0;
  /** Which of the file's interfaces saw it, from 0, and how many the file has declared so far. */
  interfaceId = 0;
  interfaces = 1;
  /** Nanoseconds since the origin asked for; exact below 104 days. */
  atNs = 0;
}

export type FrameVisitor = (frame: Frame) => void;
