/** Units of time, as factors: `_BIG` where instants since 1970 are counted, which a number does not hold to the nanosecond. */

export const NS_PER_SECOND = 1_000_000_000;
export const NS_PER_MS = 1_000_000;
export const US_PER_SECOND = 1_000_000;

export const NS_PER_SECOND_BIG = BigInt(NS_PER_SECOND);
export const NS_PER_MS_BIG = BigInt(NS_PER_MS);
