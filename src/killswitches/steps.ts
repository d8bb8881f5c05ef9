/** Commands of a kill switch, in its own order: data, so that a daemon of its own or the harness can run them. */
import { writeFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Host } from '../contracts/host.ts';

export const stepSchema = z.object({
  argv: z.tuple([z.string()], z.string()),
  /** Text for the program's standard input. */
  input: z.string().optional(),
  /** File in which the command's output is kept, after these first lines. */
  saveTo: z.object({ file: z.string(), first: z.string() }).optional(),
  /** The implementation does not look at how this one ends. */
  mayFail: z.boolean().optional(),
});
export type Step = z.infer<typeof stepSchema>;

/** One command, words separated by single spaces. */
export function command(line: string): Step {
  const [program = '', ...args] = line.split(' ');
  return { argv: [program, ...args] };
}

/** A command whose failure the implementation passes over. */
export const attempt = (line: string): Step => ({ ...command(line), mayFail: true });

/** `iptables` with these arguments; `v6` and `both` likewise for the other family and for one after the other. */
export const v4 = (args: string): Step => command(`iptables ${args}`);
export const v6 = (args: string): Step => command(`ip6tables ${args}`);
export const both = (args: string): Step[] => [v4(args), v6(args)];

/** One transaction of nft(8): all of it or nothing. */
export const nft = (batch: string): Step => ({ argv: ['nft', '-f', '-'], input: batch });

/** Runs the steps on the host one after the other. Throws `CommandFailed` at the first that fails and may not. */
export async function runSteps(host: Host, steps: readonly Step[]): Promise<void> {
  for (const { argv, input, saveTo, mayFail } of steps) {
    const { stdout } = await host.run(argv, {
      ...(input === undefined ? {} : { input }),
      ...(mayFail === true ? { anyStatus: true } : {}),
    });
    if (saveTo !== undefined) await writeFile(saveTo.file, saveTo.first + stdout);
  }
}

// --------------------------------------------------------------------------------- leaving the host as it was found

/** The tables of nf_tables on a host, as `ip filter`. */
export async function nftTables(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['nft', 'list', 'tables']);
  return stdout.split('\n').flatMap((line) => (line.startsWith('table ') ? [line.slice('table '.length)] : []));
}

/**
 * Removes the tables of iptables(8) that hold no rule any more and were not there before: its nf_tables variant makes
 * them by itself and leaves them behind.
 */
export async function removeEmptyTables(host: Host, before: readonly string[]): Promise<void> {
  for (const table of await nftTables(host)) {
    if (before.includes(table) || !/^ip6? (filter|nat|mangle|raw|security)$/.test(table)) continue;
    const { stdout } = await host.run(['nft', 'list', 'table', ...table.split(' ')]);
    const left = stdout
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^\s*(table |chain [A-Z]+ |type |\}|#)/.test(line));
    const droppedByDefault = stdout.includes('policy drop');
    if (left.length === 0 && !droppedByDefault) await host.run(['nft', 'delete', 'table', ...table.split(' ')]);
  }
}
