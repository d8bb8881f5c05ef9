/** Whether a host has what a client needs: in a lab of containers it is not the machine the harness runs on. */
import type { TorrentClient } from '../../contracts/client.ts';
import type { Host, Need } from '../../contracts/host.ts';
import { Unsupported } from '../../contracts/errors.ts';

/** Throws `Unsupported` with the packages that the host lacks. */
export async function assertInstalled(
  { title, needs }: Pick<TorrentClient, 'title' | 'needs'>,
  host: Host,
): Promise<void> {
  if (await has(host, needs)) return;
  const found = await Promise.all(needs.map((need) => has(host, [need])));
  const absent = [...new Set(needs.flatMap((need, index) => (found[index] === true ? [] : [need.package])))];
  throw new Unsupported(`${title} is not installed on ${host.name}: it lacks the package ${absent.join(', ')}`);
}

/** Whether the host has all that is needed; which(1) takes names and paths. */
async function has(host: Host, needs: readonly Need[]): Promise<boolean> {
  if (needs.length === 0) return true; // which(1) of nothing fails
  const { status } = await host.run(['which', ...needs.map(({ command }) => command)], { anyStatus: true });
  return status.code === 0;
}
