/**
 * Whether a host has what a client needs: in a lab of containers it is not the machine the harness runs on. Provisioning
 * has seen to that before any trial, so that what is missing here is an error; `Unsupported` a plugin alone declares.
 */
import type { TorrentClient } from '../../contracts/client.ts';
import type { Argv, Host, Need } from '../../contracts/host.ts';
import { RequestError } from '../../contracts/errors.ts';

/** Throws `RequestError` with the packages that the host lacks. */
export async function assertInstalled(
  { title, needs }: Pick<TorrentClient, 'title' | 'needs'>,
  host: Host,
): Promise<void> {
  if (await has(host, needs)) return;
  const found = await Promise.all(needs.map((need) => has(host, [need])));
  const absent = needs.filter((_, index) => found[index] === false);
  const looked = absent.map(({ command }) => `«${command}»`).join(', ');
  throw new RequestError(
    `${title} is not installed on ${host.name}, where there is no ${looked}: install the package ` +
      `${[...new Set(absent.map((need) => need.package))].join(', ')} there, or leave the client out (--client)`,
  );
}

/** Whether the host has all of them: asked as provisioning asks (`findCommand`), names on the search path, paths as they stand. */
async function has(host: Host, needs: readonly Need[]): Promise<boolean> {
  const commands = needs.map(({ command }) => command);
  const paths = commands.filter((command) => command.startsWith('/'));
  const names = commands.filter((command) => !command.startsWith('/'));
  const questions: readonly Argv[] = [
    ...(names.length > 0 ? [['which', ...names] as const] : []),
    ...(paths.length > 0 ? [['stat', ...paths] as const] : []),
  ];
  for (const question of questions) {
    if ((await host.run(question, { anyStatus: true })).status.code !== 0) return false;
  }
  return true;
}
