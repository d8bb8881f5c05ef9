/**
 * The texts and numbers of a record, each with its bounds. Records come from strangers too: a number that nothing can
 * measure or a text that a terminal would obey ends at the parser, not in a picture, a table or a path.
 *
 * Names are refused where they do not fit; what a program of the lab said (a log line, a version) is kept, with its control
 * characters written out, since no trial should be lost for a colour in a log.
 */
import { isIP } from 'node:net';
import * as z from 'zod';
import { isOneLine, oneLine, severalLines } from './plain-text.ts';
import { NS_PER_SECOND } from './units.ts';

const DAY_SECONDS = 86_400;
/** Longer than any trial or horizon: a week. */
export const LONGEST_SECONDS = 7 * DAY_SECONDS;
const LONGEST_NS = LONGEST_SECONDS * NS_PER_SECOND;
/** Nothing in a lab of one machine comes this often in one trial; what is summed over trials stays exact. */
const MOST = 2 ** 31 - 1;
/** Eight tebibytes: a ten-gigabit link for two hours. */
export const MOST_BYTES = 2 ** 43;
/** Elements of a list where nothing better is known. The largest seen in a trial is 146. */
const MOST_ELEMENTS = 10_000;

// ------------------------------------------------------------------------------------------------------------- numbers

/** Whole nanoseconds from the trial's origin, at most a week before or after it. */
export const instant = z.number().int().min(-LONGEST_NS).max(LONGEST_NS);
export const count = z.number().int().nonnegative().max(MOST);
export const byteCount = z.number().int().nonnegative().max(MOST_BYTES);
/** A number as a client claimed it: a port that it says it listens on need be none. Nothing is computed from it. */
export const claimed = z.number().int().nonnegative();
export const port = z.number().int().min(0).max(65_535);
/** What a random stream starts from. */
export const seed = z.number().int().nonnegative();
/** A duration of the lab, in seconds. */
export const labSeconds = z.number().nonnegative().max(LONGEST_SECONDS);
/** How long some software keeps something, in seconds: up to ten years. */
export const lifeSeconds = z
  .number()
  .nonnegative()
  .max(3652 * DAY_SECONDS);
/** Two readings of one clock, the earlier first. */
export const bracket = z
  .object({ beforeNs: instant, afterNs: instant })
  .refine(({ beforeNs, afterNs }) => beforeNs <= afterNs, 'must not end before it begins');

/** Nanoseconds since 1970 in decimal digits, to the year 2262. */
export const unixNs = z.string().regex(/^\d{1,19}$/, 'must be nanoseconds since 1970, at most 19 digits');

/** An instant of the calendar from 2000 to 2199, in UTC. */
export const date = z.iso.datetime().regex(/^2[01]\d\d-/, 'must be a date from 2000 to 2199');

// --------------------------------------------------------------------------------------------------------------- texts

/** A name that can be one part of a path: `0006-qbittorrent-client-bind-link-down`. */
export const fileName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/,
    'must be letters, digits and . _ + - (at most 200, a letter or digit first)',
  );

/** A name a person gave, one line: an id, a cell's client or fault. Refused with a control character. */
export const word = z.string().max(500).refine(isOneLine, 'must be one line without control or format characters');

/** The name of a folder, as a person chose it. */
export const folderName = word.refine((text) => !/[\\/]|^\.\.?$/.test(text), 'must be the name of one folder');

/** What a program said, as one line. */
export const said = z.string().max(65_536).overwrite(oneLine);

/** What a person or a program wrote, in lines. */
export const prose = z.string().max(1_048_576).overwrite(severalLines);

/** An IP address. */
export const address = z
  .string()
  .max(64)
  .refine((text) => isIP(text) !== 0, 'must be an IP address such as 192.0.2.1 or 2001:db8::1');

/** An Ethernet address: `02:00:00:00:01:02`. */
export const mac = z.string().regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i, 'must be six bytes such as 02:00:00:00:01:02');

/** Bytes as hexadecimal digits, or nothing. */
export const hex = z.string().regex(/^(?:[0-9a-f]{2}){0,64}$/i, 'must be at most 64 bytes as hexadecimal digits');

// --------------------------------------------------------------------------------------------------------------- lists

export function list<T extends z.ZodType>(element: T, most = MOST_ELEMENTS): z.ZodArray<T> {
  return z.array(element).max(most);
}
