/**
 * An engine of the project's own, for the time of one command, where none answers and this user is root: the
 * distribution's `dockerd`, installed when missing.
 *
 * It changes nothing of the machine: no bridge, no packet-filter rule, no forwarding (lab containers have no network of
 * the engine's; builds use the machine's own), data, socket and configuration in a scratch folder, its mounts and
 * processes in namespaces that end with it. It dies with the process that started it, however that ends; the folder then
 * goes with the next sweep.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { RequestError, messageOf } from '../../../contracts/errors.ts';
import { within } from '../../../contracts/until.ts';
import { SYSTEM_PATH, findCommand, provide } from '../provision.ts';
import { connectEngine, type Engine } from './engine.ts';
import { ownerName } from '../../../contracts/owner.ts';
import { SCRATCH_PREFIX, sweepContainers } from './sweep-containers.ts';

const DOCKER = { command: 'dockerd', package: 'docker.io' };
/**
 * Folder of settings as seen from the daemon, whose mounts are its own: an empty one hides daemon.json, and keeps the
 * daemon from leaving a key there.
 */
const CONFIGURATION = '/etc/docker';
/** Number of last lines told of a daemon that does not start. */
const LAST_LINES = 3;
/** Milliseconds: dockerd takes two seconds, and tens where the machine is busy. */
const PATIENCE_MS = 60_000;
/** A folder that dying processes still write to is emptied again. */
const RETRIES = 10;

/** Disposing it ends the engine where it is one of our own. */
export type ProvidedEngine = Engine & AsyncDisposable;

/**
 * Sees to it that an engine answers: the one there is, else one of our own, for which DOCKER_HOST is set in this process
 * and those it starts until it is disposed of. Throws `RequestError` where neither is possible.
 */
export async function provideEngine(say: (line: string) => void): Promise<ProvidedEngine> {
  try {
    return await running();
  } catch (error) {
    const chosen = process.env['DOCKER_HOST'] !== undefined;
    if (chosen || process.getuid?.() !== 0 || process.platform !== 'linux') throw error;
  }
  if (findCommand(DOCKER.command) === null) {
    await provide([DOCKER], say);
    // Where the package's own service was started with it, that one is taken.
    const theirs = await running().catch(() => null);
    if (theirs !== null) return theirs;
  }
  await sweepContainers();
  say('no Docker engine answers: starting one for the time of this command; its images go with it');
  return startEngine();
}

async function running(): Promise<ProvidedEngine> {
  return { ...(await connectEngine()), [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function startEngine(): Promise<ProvidedEngine> {
  const owner = ownerName(process.pid) ?? '';
  const folder = await mkdtemp(path.join(os.tmpdir(), `${SCRATCH_PREFIX}${owner}-engine-`));
  const at = (name: string): string => path.join(folder, name);
  const socket = `unix://${at('docker.sock')}`;
  const daemon = spawn(
    'setpriv',
    [
      '--pdeathsig=KILL',
      ...['unshare', '--mount', '--propagation=private', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
      ...['sh', '-c', 'mkdir -p "$0" && mount -t tmpfs tmpfs "$0" && exec "$@"', CONFIGURATION],
      DOCKER.command,
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      ...['--data-root', at('data'), '--exec-root', at('run'), '--pidfile', at('pid'), '--host', socket],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, PATH: SYSTEM_PATH.join(':') } },
  );
  const ended = new Promise<void>((resolve) => daemon.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    delete process.env['DOCKER_HOST'];
    daemon.kill('SIGKILL'); // and with it its namespaces, containers and all
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: RETRIES });
  };
  try {
    await within(listening(daemon), { what: 'dockerd to listen', patienceMs: PATIENCE_MS });
    process.env['DOCKER_HOST'] = socket;
    return { ...(await connectEngine()), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw new RequestError(
      `No Docker engine answers, and dockerd does not work here: ${messageOf(error)}. Point DOCKER_HOST at an engine ` +
        'on this machine, or use --lab netns.',
    );
  }
}

/** Resolves when the daemon says that it listens; rejects with its last words when it ends before that. */
function listening(daemon: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: daemon.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('API listen on')) resolve();
    });
    daemon.once('error', reject);
    daemon.once('close', () => reject(new Error(said.slice(-LAST_LINES).join(' | ') || 'it said nothing')));
  });
}
