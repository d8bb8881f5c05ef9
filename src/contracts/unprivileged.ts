/** How a torrent client gives up its host's root: the command that becomes the unprivileged user and runs the program. */
import type { Argv } from './host.ts';

/** Debian's `nobody` and `nogroup`. */
export const NOBODY_UID = 65534;
export const NOBODY = { uid: NOBODY_UID, gid: NOBODY_UID };
/**
 * Processes and threads of this user that the system allows at once, those of all labs together: twenty labs of the client
 * with the most threads (BiglyBT, some 120) stay below, and a client that forks without end leaves the machine its ids.
 */
const MOST_PROCESSES = 4096;
/** Memory that one process may have written to, in bytes: eight times what the largest client takes. */
const MOST_DATA = 4 * 2 ** 30;

export interface Dropping {
  readonly uid?: number;
  readonly gid?: number;
  /** Leaves the program the way of set-user-id programs: fusermount3 mounts a file system for its user in no other. */
  readonly setuid?: boolean;
}

/** A command to put before a program: another user, no capability, no way to gain one, bounded processes and memory. */
export function asUnprivileged({ uid = NOBODY.uid, gid = NOBODY.gid, setuid = false }: Dropping = {}): Argv {
  return [
    ...([
      'prlimit',
      `--nproc=${MOST_PROCESSES}`,
      `--data=${MOST_DATA}`,
      '--core=0',
      '--rtprio=0',
      '--nice=0',
      '--',
    ] as const),
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
    ...(setuid ? [] : ['--no-new-privs', '--inh-caps=-all']),
    '--',
  ];
}
