/** A host seen from inside something on it: every program is started through a command that enters it first. */
import type { Argv, Host, RunOptions, SpawnOptions } from '../contracts/host.ts';

/** Debian's `nobody` and `nogroup`, as whom torrent clients run. */
const DROP = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] as const;

/**
 * `enter` needs the host's root, so privileges are dropped behind it. Where there is only one user to be (a lab without
 * root), nothing is dropped.
 */
export async function insideHost(host: Host, enter: Argv): Promise<Host> {
  const tried = await host.run([...DROP, 'true'], { anyStatus: true });
  const drop = tried.status.code === 0 ? DROP : [];
  return {
    name: host.name,
    folder: host.folder,
    run: (argv: Argv, options?: RunOptions) => host.run([...enter, ...argv], options),
    spawn: (argv: Argv, { unprivileged, ...options }: SpawnOptions = {}) =>
      host.spawn([...enter, ...(unprivileged === true ? drop : []), ...argv], options),
  };
}
