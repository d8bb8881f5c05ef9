/**
 * What the hosts of a lab see of the machine's files. Its programs and libraries, read-only; of everybody's home and of
 * what is temporary nothing but this project and the Node.js that runs it; no results but what the lab itself makes; and
 * devices that hold nothing of the machine.
 *
 * The process that opens labs sees the machine as it is, apart from /dev, /run and /sys: it writes the results.
 */
import { chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from '../../contracts/places.ts';
import type { GuestUsers } from './guest-users.ts';
import {
  type Detached,
  bind,
  cover,
  detached,
  makeCharacterDevice,
  makeReadOnly,
  mountNew,
  mounts,
  move,
  remount,
  uncover,
} from './mounts.ts';

/** Where nobody's files are looked for by a program of a lab: what is there is somebody's, or another program's. */
const HOMES = ['/home', '/root'];
/** Places that anybody may write to, each a lab's own. */
const TEMPORARY = ['/tmp', '/var/tmp', '/dev/shm'];
/** Daemons of kill switches (firewalld, openvpn) keep logs here. */
const LOGS = '/var/log';

/** Devices that hold nothing of the machine; the last makes a link in the network of who opens it. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const TUN = 'net/tun';
const DEV_LINKS: Readonly<Record<string, string>> = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
};

/**
 * Makes what the process that opens labs and all its labs have in common: a private /run for sockets, locks and scratch, a
 * /dev without the machine's disks, a /sys that nobody can write to, since it is the machine's and so are the links in it,
 * and a /proc that shows other users' processes to root alone: a torrent client sees its own.
 */
export function hideMachine(users: GuestUsers | null): void {
  // This process, root of the machine, is led nowhere by what a lab's root puts there.
  mountNew('tmpfs', '/run', users === null ? [] : ['nosymfollow'], 'mode=755');
  ownDevices('/run/devices', users);
  // Users of their own can write to it nowhere; where it cannot be written to at all, they may not have one of their own.
  if (users === null) makeReadOnly('/sys');
  // A lab's root looks for the parents of its processes (ufw), of which this is one.
  remount('/proc', users === null ? 'hidepid=2' : `hidepid=2,gid=${users.root}`);
}

/** Makes /dev. `at`: where nothing is. */
function ownDevices(at: string, users: GuestUsers | null): void {
  const place = (name: string): string => path.join(at, name);
  const there = (name: string): boolean => existsSync(path.join('/dev', name));
  mkdirSync(at);
  mountNew('tmpfs', at, ['nosuid'], 'mode=755');
  for (const folder of ['net', 'pts', 'shm']) mkdirSync(place(folder));
  for (const device of users === null ? [...DEVICES, TUN].filter(there) : DEVICES.filter(there)) {
    writeFileSync(place(device), '');
    bind(path.join('/dev', device), place(device));
  }
  // Open to everybody, as udev has it: some systems leave it to the machine's root, whom users of their own do not have.
  if (there(TUN) && users !== null) makeCharacterDevice(place(TUN), { mode: 0o666, major: 10, minor: 200 });
  // The exception for btfs, which serves a file system through it as the unprivileged user: open to that user as udev does
  // it on a desktop. Where this process may not make the node, there is none, and btfs says that it is unsupported.
  if (there('fuse') && process.env['KSL_ROOTLESS'] !== '1')
    makeCharacterDevice(place('fuse'), { mode: 0o666, major: 10, minor: 229 });
  for (const [name, target] of Object.entries(DEV_LINKS)) symlinkSync(target, place(name));
  mountNew('devpts', place('pts'), ['nosuid', 'noexec'], 'newinstance,ptmxmode=666,mode=620');
  move(at, '/dev');
}

/**
 * Gives hosts their view, in a mount namespace that theirs are to be copies of: users of their own cannot take it off again.
 */
export function viewAsGuests(users: GuestUsers | null): void {
  const covered = [...HOMES, ...TEMPORARY, LOGS];
  const kept = [inProject(), path.resolve(process.execPath, '../..')]
    .map((folder) => path.resolve(folder))
    .filter((folder) => covered.some((place) => folder.startsWith(`${place}/`)))
    .map((folder) => ({ folder, held: detached(folder) }));
  // Settings under net/ are of the host's own network; the rest is the machine's.
  bind('/proc/sys', '/proc/sys');
  bind('/proc/sys/net', '/proc/sys/net');
  const ofTheirs = users === null ? [] : SET_USER_ID.filter((program) => existsSync(program));
  for (const program of ofTheirs) detachedFor(program, users).attach(program);
  makeReadOnly('/proc/sys', ...ofTheirs, ...writableMounts().filter((place) => !covered.includes(place)));
  for (const place of [...HOMES, LOGS]) cover(place, '755', users?.root);
  for (const place of TEMPORARY) cover(place, '1777');
  for (const { folder, held } of kept) {
    mkdirSync(folder, { recursive: true });
    held.attach(folder);
  }
  makeReadOnly(...kept.map(({ folder }) => folder));
  if (existsSync(inProject('results'))) cover(inProject('results'), '755', users?.root);
  if (users !== null) detached('/run', users.namespace).attach('/run');
}
/** Programs of root's that labs run as that: to users of their own, the machine's root is nobody. btfs mounts by it. */
const SET_USER_ID = ['/usr/bin/fusermount3'];

/** Passwords of /etc: of no use to a lab. */
const SECRETS = ['shadow', 'shadow-', 'gshadow', 'gshadow-'];

/** Where the kernel keeps links that are no hardware's. */
const LINKS = '/sys/devices/virtual/net';

/** Gives a host the /sys of its own network: faults take links down there (link-act.ts); the rest is fixed. */
export function viewOwnSys(): void {
  mountNew('sysfs', '/sys');
  bind(LINKS, LINKS);
  makeReadOnly('/sys');
}

/**
 * Gives a host a writable /etc that starts as a copy of the system's. `users` own it, also the files that only root may
 * read there, but for its secrets; `resolver` is the content of its resolv.conf.
 */
export function viewOwnEtc(users: GuestUsers, resolver: string): void {
  const [lower, upper, work] = ['/mnt/lower', '/mnt/upper', '/mnt/work'];
  cover('/mnt', '755');
  for (const folder of [lower, upper, work]) mkdirSync(folder);
  detachedFor('/etc', users).attach(lower);
  chownSync(upper, users.root, users.root);
  for (const [file, content] of [...SECRETS.map((name) => [name, ''] as const), ['resolv.conf', resolver] as const]) {
    writeFileSync(path.join(upper, file), content);
    chownSync(path.join(upper, file), users.root, users.root);
  }
  mountNew('overlay', '/etc', [], `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
  uncover('/mnt');
}

/** What a file system cannot show as the users' own, it shows as it is: as that of users that a lab does not have. */
function detachedFor(place: string, users: GuestUsers | null): Detached {
  try {
    return detached(place, users?.namespace);
  } catch {
    return detached(place);
  }
}

/** Leaves one alone of the folders beside it in view, in `parent`. */
export function viewAlone(folder: string): void {
  bind(folder, '/mnt');
  cover(path.dirname(folder), '755');
  mkdirSync(folder);
  move('/mnt', folder);
}

/** File systems of the kernel's own, or made for this process: each is seen to by itself. */
const OTHERWISE = /^\/(proc|sys|dev|run)(\/|$)/;

/** Gives the places where a file system of the machine's can be written to, and seen. */
function writableMounts(): readonly string[] {
  const all = mounts();
  // One that another, on the same file system, was put above is nowhere to be found; nor is what is mounted on it.
  const hidden = new Set(
    all
      .filter(({ parent, place }) =>
        all.some((other) => other.parent === parent && other.place !== '/' && place.startsWith(`${other.place}/`)),
      )
      .map(({ id }) => id),
  );
  for (const { id, parent } of all) if (hidden.has(parent)) hidden.add(id);
  const places = all.filter(({ id, options }) => options.includes('rw') && !hidden.has(id)).map(({ place }) => place);
  return [...new Set(places)].filter((place) => !OTHERWISE.test(place));
}
