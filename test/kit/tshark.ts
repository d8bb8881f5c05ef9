/** tshark as a second opinion. It is not needed to use the lab, so its tests can be left out, with a word about it. */
import { programOutput } from './program.ts';

/** Reason why tshark cannot be asked; null when it can. */
export async function tsharkIsMissing(): Promise<string | null> {
  try {
    await programOutput(['tshark', '--version']);
    return null;
  } catch (error) {
    return `tshark cannot be run (${error instanceof Error ? error.message : String(error)}): apt-get install tshark`;
  }
}

/** One row of the fields' first values per packet. */
export async function tsharkFields(
  file: string,
  fields: readonly string[],
  options: readonly string[] = [],
): Promise<string[][]> {
  const stdout = await programOutput([
    ...(['tshark', '-n', '-r', file, '-T', 'fields', '-E', 'occurrence=f'] as const),
    ...fields.flatMap((field) => ['-e', field]),
    ...options,
  ]);
  return stdout
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.split('\t'));
}
