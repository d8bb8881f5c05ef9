/**
 * What an injector can do: the closed list of changes that need no fork and no exec at the moment of the fault, since
 * whatever carries them out is running, opened and warmed up before.
 */
import * as z from 'zod';

/** A program that reads commands on standard input and carries each out at once: `ip -batch -`, `nft -i`. */
const commandSchema = z.object({
  act: z.literal('command'),
  /** `ip6` is `ip -6`: in a batch a prefix tells the family of a route, but nothing that of a rule. */
  program: z.enum(['ip', 'ip6', 'nft']),
  /** Commands for the program, one a line; without any it answers and changes nothing. */
  lines: z.array(z.string()),
});

/** One write to a file of the kernel, such as `/sys/class/net/wg0/flags`. */
const writeSchema = z.object({
  act: z.literal('write'),
  path: z.string(),
  text: z.string(),
  /** Value written while warming up, which changes nothing. */
  idle: z.string(),
});

const signalSchema = z.object({
  act: z.literal('signal'),
  pids: z.array(z.number().int().positive()).min(1),
  signal: z.enum(['SIGKILL', 'SIGSTOP', 'SIGCONT', 'SIGTERM', 'SIGHUP']),
});

/** A program that has read its name and options and waits for the rest: `iptables-restore -n`, `wg setconf`. */
const feedSchema = z.object({ act: z.literal('feed'), argv: z.array(z.string()).min(1), input: z.string() });

const actSchema = z.discriminatedUnion('act', [commandSchema, writeSchema, signalSchema, feedSchema]);
export type Act = z.infer<typeof actSchema>;

/** What an injector is told, a JSON line each; `here`, `inject` and `end` are the bare words. */
export const prepareSchema = z.object({
  prepare: z.array(actSchema).min(1),
  /** Acts done at once after the bracketed ones, outside the bracket: what the change takes long to finish. */
  afterwards: z.array(actSchema),
});

/** Answer of the injector: ready, or the bracket of the change and what the programs complained of. */
export const answerSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ beforeNs: z.number(), afterNs: z.number(), complaints: z.string() }),
  z.object({ failed: z.string() }),
]);
export type Answer = z.infer<typeof answerSchema>;

export const injectorJobSchema = z.object({ originUnixNs: z.string() });
