/** tshark as a second opinion. It is not needed to use the lab, so its tests can be left out, with a word about it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Reason why tshark cannot be asked; null when it can. */
export async function tsharkIsMissing(): Promise<string | null> {
  try {
    await promisify(execFile)('tshark', ['--version']);
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
  const { stdout } = await promisify(execFile)(
    'tshark',
    [
      ...['-n', '-r', file, '-T', 'fields', '-E', 'occurrence=f'],
      ...fields.flatMap((field) => ['-e', field]),
      ...options,
    ],
    { maxBuffer: 1 << 28 },
  );
  return stdout
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.split('\t'));
}
