/**
 * What the hosts of a lab see of the machine's files. Its programs and libraries, read-only; of everybody's home and of
 * what is temporary nothing but this project and the Node.js that runs it; no results but what the lab itself makes; and
 * devices that hold nothing of the machine.
 *
 * The process that opens labs sees the machine as it is, apart from /dev, /run and /sys: it writes the results.
 */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from '../../contracts/places.ts';
import { bind, cover, makeCharacterDevice, makeReadOnly, mountNew, mounts, move, remount } from './mounts.ts';

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

/**
 * Makes what the process that opens labs and all its labs have in common: a private /run for sockets, locks and scratch, a
 * /dev without the machine's disks, a /sys that nobody can write to, since it is the machine's and so are the links in it,
 * and a /proc that shows other users' processes to root alone: a torrent client sees its own.
 */
export function hideMachine(): void {
  mountNew('tmpfs', '/run', [], 'mode=755');
  ownDevices('/run/devices');
  makeReadOnly('/sys');
  remount('/proc', 'hidepid=2');
}

/** Makes /dev. `at`: where nothing is. */
function ownDevices(at: string): void {
  const place = (name: string): string => path.join(at, name);
  mkdirSync(at);
  mountNew('tmpfs', at, ['nosuid'], 'mode=755');
  for (const folder of ['net', 'pts', 'shm']) mkdirSync(place(folder));
  for (const device of DEVICES.filter((each) => existsSync(path.join('/dev', each)))) {
    writeFileSync(place(device), '');
    bind(path.join('/dev', device), place(device));
  }
  // The exception for btfs, which serves a file system through it as the unprivileged user: open to that user as udev does
  // it on a desktop. Where this process may not make the node, there is none, and btfs says that it is unsupported.
  if (existsSync('/dev/fuse') && process.env['KSL_ROOTLESS'] !== '1') {
    makeCharacterDevice(place('fuse'), { mode: 0o666, major: 10, minor: 229 });
  }
  for (const [name, target] of Object.entries(DEV_LINKS)) symlinkSync(target, place(name));
  mountNew('devpts', place('pts'), ['nosuid', 'noexec'], 'newinstance,ptmxmode=666,mode=620');
  move(at, '/dev');
}

/**
 * Gives hosts their view, in a mount namespace that theirs are to be copies of. `aside`: a folder of the lab's, empty and
 * there, for what is held while its place is covered.
 */
export function viewAsGuests(aside: string): void {
  const covered = [...HOMES, ...TEMPORARY, LOGS];
  const kept = [inProject(), path.resolve(process.execPath, '../..')]
    .map((folder) => path.resolve(folder))
    .filter((folder) => covered.some((place) => folder.startsWith(`${place}/`)))
    .map((folder, index) => ({ folder, held: path.join(aside, String(index)) }));
  const writable = writableMounts().filter((place) => !covered.includes(place));
  for (const { folder, held } of kept) {
    mkdirSync(held);
    bind(folder, held);
  }
  // Settings under net/ are of the host's own network; the rest is the machine's.
  bind('/proc/sys', '/proc/sys');
  bind('/proc/sys/net', '/proc/sys/net');
  makeReadOnly('/proc/sys', ...writable);
  for (const place of [...HOMES, LOGS]) cover(place, '755');
  for (const place of TEMPORARY) cover(place, '1777');
  for (const { folder, held } of kept) {
    mkdirSync(folder, { recursive: true });
    bind(held, folder);
  }
  makeReadOnly(...kept.map(({ folder }) => folder));
  if (existsSync(inProject('results'))) cover(inProject('results'), '755');
}

/** Where the kernel keeps links that are no hardware's. */
const LINKS = '/sys/devices/virtual/net';

/** Gives a host the /sys of its own network: faults take links down there (link-act.ts); the rest is fixed. */
export function viewOwnSys(): void {
  mountNew('sysfs', '/sys');
  bind(LINKS, LINKS);
  makeReadOnly('/sys');
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
