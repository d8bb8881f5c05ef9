/**
 * What the hosts of a lab see of the machine's files. Its programs and libraries, read-only; of everybody's home and of
 * what is temporary nothing but this project and the Node.js that runs it; no results but what the lab itself makes; and
 * devices that hold nothing of the machine.
 *
 * The process that opens labs sees the machine as it is, apart from /dev, /run and /sys: it writes the results.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { inProject } from '../../contracts/places.ts';
import type { Argv } from '../../contracts/host.ts';

/** Where nobody's files are looked for by a program of a lab: what is there is somebody's, or another program's. */
const HOMES = ['/home', '/root'];
/** Places that anybody may write to, each a lab's own. */
const TEMPORARY = ['/tmp', '/var/tmp', '/dev/shm'];
/** Daemons of kill switches (firewalld, openvpn) keep logs here. */
const LOGS = '/var/log';

/** Devices that hold nothing of the machine. `net/tun` makes a link in the network of who opens it. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'net/tun'];
const DEV_LINKS: Readonly<Record<string, string>> = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
};

/** The commands that give the process that opens labs, and all its labs, a /dev of their own. `at`: an empty folder. */
export function ownDevices(at: string): readonly Argv[] {
  const there = DEVICES.filter((device) => existsSync(path.join('/dev', device)));
  return [
    ['mount', '-t', 'tmpfs', '-o', 'mode=755,nosuid', 'tmpfs', at],
    ['mkdir', ...['net', 'pts', 'shm'].map((folder) => path.join(at, folder))],
    ['touch', ...there.map((device) => path.join(at, device))],
    ...there.map((device): Argv => ['mount', '--bind', path.join('/dev', device), path.join(at, device)]),
    // The exception for btfs, which serves a file system through it as the unprivileged user: open to that user as udev does
    // it on a desktop. Where this process may not make the node, there is none, and btfs says that it is unsupported.
    ...(existsSync('/dev/fuse') && process.env['KSL_ROOTLESS'] !== '1'
      ? [['mknod', '--mode=666', path.join(at, 'fuse'), 'c', '10', '229'] satisfies Argv]
      : []),
    ...Object.entries(DEV_LINKS).map(([name, target]): Argv => ['ln', '-s', target, path.join(at, name)]),
    ['mount', '-t', 'devpts', '-o', 'newinstance,ptmxmode=666,mode=620,nosuid,noexec', 'devpts', path.join(at, 'pts')],
    ['mount', '--move', at, '/dev'],
  ];
}

/**
 * The commands that give hosts this view, to be run in a mount namespace that theirs are copies of. `aside`: a folder of
 * the lab's, empty and there, for what is held while its place is covered.
 */
export async function guestView(aside: string): Promise<readonly Argv[]> {
  const covered = [...HOMES, ...TEMPORARY, LOGS];
  const kept = [inProject(), path.resolve(process.execPath, '../..')]
    .map((folder) => path.resolve(folder))
    .filter((folder) => covered.some((place) => folder.startsWith(`${place}/`)));
  const held = (folder: string): string => path.join(aside, String(kept.indexOf(folder)));
  const writable = (await writableMounts()).filter((place) => !covered.includes(place));
  return [
    ...kept.flatMap((folder): Argv[] => [
      ['mkdir', held(folder)],
      ['mount', '--bind', folder, held(folder)],
    ]),
    // Settings under net/ are of the host's own network; the rest is the machine's.
    ['mount', '--bind', '/proc/sys', '/proc/sys'],
    ['mount', '--bind', '/proc/sys/net', '/proc/sys/net'],
    ['mount', '-o', 'remount,bind,ro', '/proc/sys'],
    ...writable.map((place): Argv => ['mount', '-o', 'remount,bind,ro', place]),
    ...HOMES.map((place) => tmpfs(place, 755)),
    tmpfs(LOGS, 755),
    ...TEMPORARY.map((place) => tmpfs(place, 1777)),
    ...kept.flatMap((folder): Argv[] => [
      ['mkdir', '-p', folder],
      ['mount', '--bind', '-o', 'ro', held(folder), folder],
    ]),
    ...(existsSync(inProject('results')) ? [tmpfs(inProject('results'), 755)] : []),
  ];
}

/** Where the kernel keeps links that are no hardware's. */
const LINKS = '/sys/devices/virtual/net';

/** The commands that give a host the /sys of its own network: faults take links down there (link-act.ts); the rest is fixed. */
export const OWN_SYS: readonly Argv[] = [
  ['mount', '-t', 'sysfs', 'sysfs', '/sys'],
  ['mount', '--bind', LINKS, LINKS],
  ['mount', '-o', 'remount,bind,ro', '/sys'],
];

function tmpfs(place: string, mode: number): Argv {
  return ['mount', '-t', 'tmpfs', '-o', `mode=${mode},nosuid,nodev`, 'tmpfs', place];
}

/** File systems of the kernel's own, or made for this process: each is seen to by itself. */
const OTHERWISE = /^\/(proc|sys|dev|run)(\/|$)/;

/** Gives the places where a file system of the machine's can be written to, and seen (proc_pid_mountinfo(5)). */
async function writableMounts(): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  const mounts = lines.map((line) => {
    const [id = '', parent = '', , , place = '', options = ''] = line.split(' ');
    return { id, parent, place: unescaped(place), writable: options.split(',').includes('rw') };
  });
  // One that another, on the same file system, was put above is nowhere to be found; nor is what is mounted on it.
  const hidden = new Set(
    mounts
      .filter(({ parent, place }) =>
        mounts.some((other) => other.parent === parent && other.place !== '/' && place.startsWith(`${other.place}/`)),
      )
      .map(({ id }) => id),
  );
  for (const { id, parent } of mounts) if (hidden.has(parent)) hidden.add(id);
  const places = mounts.filter(({ id, writable }) => writable && !hidden.has(id)).map(({ place }) => place);
  return [...new Set(places)].filter((place) => !OTHERWISE.test(place));
}

/** The kernel writes a space and the like in a path as a backslash and three octal digits. */
function unescaped(place: string): string {
  return place.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
