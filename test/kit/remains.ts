/**
 * What a harness has on this machine while it runs, told before it ends and looked for afterwards: its processes, however
 * they are known to be of it, every namespace that they live in, and the control groups of the lab.
 */
import assert from 'node:assert/strict';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { OWNER_VARIABLE, ownerName } from '../../src/contracts/owner.ts';
import { descendants } from './processes.ts';

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'];

interface Seen {
  readonly pid: number;
  readonly name: string;
  readonly session: string;
  readonly namespaces: readonly string[];
  readonly environment: string;
}

async function look(entry: string): Promise<Seen | null> {
  const of = (file: string): Promise<string> => readFile(`/proc/${entry}/${file}`, 'utf8').catch(() => '');
  const [stat, environment] = [await of('stat'), await of('environ')];
  // proc(5): state, parent, process group and session stand behind the name in parentheses.
  const [state, , , session = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z') return null;
  const links = NAMESPACES.map((kind) => readlink(`/proc/${entry}/ns/${kind}`).catch(() => ''));
  const namespaces = (await Promise.all(links)).filter((link) => link !== '');
  return { pid: Number(entry), name: ownerName(Number(entry)) ?? '', session, namespaces, environment };
}

async function everyProcess(): Promise<Seen[]> {
  const entries = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  return (await Promise.all(entries.map(look))).flatMap((seen) => seen ?? []);
}

/** A harness at work, and all that is known of it by now. */
export class Remains {
  readonly #names: ReadonlySet<string>;
  readonly #sessions: ReadonlySet<string>;
  readonly #namespaces: ReadonlySet<string>;
  readonly #mark: string;

  private constructor(root: number, own: readonly Seen[], strangers: readonly Seen[]) {
    const foreign = new Set(strangers.flatMap(({ namespaces }) => namespaces));
    this.#names = new Set(own.map(({ name }) => name));
    // A session whose leader is of the harness is of the harness.
    this.#sessions = new Set(own.filter(({ pid, session }) => session === String(pid)).map(({ session }) => session));
    this.#namespaces = new Set(own.flatMap(({ namespaces }) => namespaces).filter((each) => !foreign.has(each)));
    this.#mark = `${OWNER_VARIABLE}=${ownerName(root) ?? 'none'}\0`;
  }

  static async of(root: number): Promise<Remains> {
    const [below, all] = [await descendants(root), await everyProcess()];
    const isOwn = ({ pid }: Seen): boolean => below.has(pid);
    return new Remains(
      root,
      all.filter(isOwn),
      all.filter((each) => !isOwn(each)),
    );
  }

  /** Number of namespaces that nobody else is in. */
  get namespaces(): number {
    return this.#namespaces.size;
  }

  /** Waits until nothing is left; throws with what is left after `seconds`. `spared`: a process that may go on. */
  async assertGone(seconds: number, spared: number | null = null): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const left = (await everyProcess()).filter((each) => each.pid !== spared && this.#isOfIt(each));
      if (left.length === 0) return;
      const words = left.map(({ pid, namespaces }) => `${pid} in ${namespaces.join(' ')}`);
      assert.ok(Date.now() < deadline, `left over after ${seconds} s: ${words.join('; ')}`);
      await pause(20);
    }
  }

  #isOfIt({ name, session, namespaces, environment }: Seen): boolean {
    return (
      this.#names.has(name) ||
      this.#sessions.has(session) ||
      `\0${environment}`.includes(`\0${this.#mark}`) ||
      namespaces.some((each) => this.#namespaces.has(each))
    );
  }
}
