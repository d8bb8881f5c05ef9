/**
 * What a harness has on this machine while it runs, told before it ends and looked for afterwards: its processes, however
 * they are known to be of it, every namespace that they live in, its control groups and its scratch folders. Other
 * harnesses come and go meanwhile: what is theirs is not looked at.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { OWNER_PATTERN, OWNER_VARIABLE, ownerName } from '../../src/contracts/owner.ts';
import { SCRATCH_PREFIX } from '../../src/harness/labs/docker/sweep-containers.ts';
import { amongGroups } from './control-groups.ts';

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'];
const SCRATCH = new RegExp(`^${SCRATCH_PREFIX}(${OWNER_PATTERN.source})-`);

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly session: string;
  readonly namespaces: readonly string[];
  readonly groups: readonly string[];
  readonly environment: string;
}

async function look(entry: string): Promise<Seen | null> {
  const of = (file: string): Promise<string> => readFile(`/proc/${entry}/${file}`, 'utf8').catch(() => '');
  const [stat, environment, groups] = [await of('stat'), await of('environ'), await of('cgroup')];
  // proc(5): state, parent, process group and session stand behind the name in parentheses.
  const [state, parent, , session = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const name = ownerName(Number(entry));
  // Ended, or about to be: such a one has no name, and must not be taken for any other without.
  if (state === undefined || state === '' || state === 'Z' || name === null) return null;
  const links = NAMESPACES.map((kind) => readlink(`/proc/${entry}/ns/${kind}`).catch(() => ''));
  return {
    pid: Number(entry),
    parent: Number(parent),
    name,
    session,
    namespaces: (await Promise.all(links)).filter((link) => link !== ''),
    // cgroups(7): version 2 has a single hierarchy, which has no number and no name.
    groups: [...groups.matchAll(/^0::\/(.+)$/gm)].map(([, group = '']) => group),
    environment,
  };
}

async function everyProcess(): Promise<Seen[]> {
  const entries = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  return (await Promise.all(entries.map(look))).flatMap((seen) => seen ?? []);
}

/** The processes below `root`, and it: all of one look, so that none is taken for a stranger that was born meanwhile. */
function below(root: number, all: readonly Seen[]): ReadonlySet<Seen> {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const isBelow = (pid: number): boolean => pid === root || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return new Set(all.filter(({ pid }) => isBelow(pid)));
}

/** A harness at work, and all that is known of it by now. */
export class Remains {
  readonly #names: ReadonlySet<string>;
  readonly #sessions: ReadonlySet<string>;
  /** Descriptor of each namespace that nobody else is in: while one is open, no other namespace gets its number. */
  readonly #namespaces = new Map<string, number>();
  readonly #groups: ReadonlySet<string>;
  readonly #mark: string;

  private constructor(root: number, own: readonly Seen[], strangers: readonly Seen[]) {
    const foreign = new Set(strangers.flatMap(({ namespaces, groups }) => [...namespaces, ...groups]));
    this.#names = new Set(own.map(({ name }) => name));
    // A session whose leader is of the harness is of the harness.
    this.#sessions = new Set(own.filter(({ pid, session }) => session === String(pid)).map(({ session }) => session));
    for (const { pid, namespaces } of own) for (const each of namespaces) if (!foreign.has(each)) this.#hold(pid, each);
    this.#groups = new Set(own.flatMap(({ groups }) => groups).filter((each) => !foreign.has(each)));
    this.#mark = `${OWNER_VARIABLE}=${ownerName(root) ?? 'none'}\0`;
  }

  static async of(root: number): Promise<Remains> {
    const all = await everyProcess();
    const own = below(root, all);
    return new Remains(
      root,
      [...own],
      all.filter((each) => !own.has(each)),
    );
  }

  /** Number of namespaces that nobody else is in. */
  get namespaces(): number {
    return this.#namespaces.size;
  }

  /** Waits until nothing is left; throws with what is left after `seconds`. `spared`: a process that may go on. */
  async assertGone(seconds: number, spared: number | null = null): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    try {
      for (;;) {
        const left = await this.#left(spared);
        if (left.length === 0) return;
        assert.ok(Date.now() < deadline, `left over after ${seconds} s: ${left.join('; ')}`);
        await pause(20);
      }
    } finally {
      for (const descriptor of this.#namespaces.values()) closeSync(descriptor);
      this.#namespaces.clear();
    }
  }

  #hold(pid: number, namespace: string): void {
    if (this.#namespaces.has(namespace)) return;
    const [kind = ''] = namespace.split(':');
    try {
      const descriptor = openSync(`/proc/${pid}/ns/${kind}`, 'r');
      // Its process may have ended since it was looked at, and another have its id.
      if (readlinkSync(`/proc/self/fd/${descriptor}`) === namespace) this.#namespaces.set(namespace, descriptor);
      else closeSync(descriptor);
    } catch {
      // Ended meanwhile.
    }
  }

  async #left(spared: number | null): Promise<readonly string[]> {
    const processes = (await everyProcess()).filter((each) => each.pid !== spared && this.#isOfIt(each));
    if (processes.length > 0) return processes.map(({ pid, namespaces }) => `${pid} in ${namespaces.join(' ')}`);
    const folders = (await readdir(tmpdir())).filter((entry) => {
      const owner = SCRATCH.exec(entry)?.[1];
      return owner !== undefined && this.#owns(owner);
    });
    return [...folders, ...(await this.#leftGroups())];
  }

  #isOfIt({ name, session, namespaces, groups, environment }: Seen): boolean {
    return (
      this.#names.has(name) ||
      this.#sessions.has(session) ||
      `\0${environment}`.includes(`\0${this.#mark}`) ||
      namespaces.some((each) => this.#namespaces.has(each)) ||
      groups.some((each) => this.#groups.has(each))
    );
  }

  /** A process of a lab is named as that lab sees it: by its PID namespace. */
  #owns(owner: string): boolean {
    const [namespace = ''] = owner.split('.');
    return this.#names.has(owner) || this.#namespaces.has(`pid:[${namespace}]`);
  }

  async #leftGroups(): Promise<readonly string[]> {
    if (this.#groups.size === 0) return [];
    const found = await amongGroups('for group; do if [ -d "$group" ]; then echo "$group"; fi; done', ...this.#groups);
    return found.split('\n').filter(Boolean);
  }
}
