/** The processes that a test has started, as the kernel sees them. */
import { readFile, readdir, readlink } from 'node:fs/promises';

/** Every process below `root`: process id and PID namespace. */
export async function descendants(root: number): Promise<Map<number, string>> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
    parents.set(Number(entry), Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0));
  }
  const found = new Map<number, string>();
  for (const pid of parents.keys()) {
    let above: number | undefined = pid;
    while (above !== undefined && above !== root && above > 1) above = parents.get(above);
    if (above === root) found.set(pid, await readlink(`/proc/${pid}/ns/pid`).catch(() => ''));
  }
  return found;
}
