/**
 * Processor time of this process and all that it starts, as the kernel counts it for a control group (version 2). What
 * getrusage(2) tells a parent is less than that: the kernel buries, uncounted, whatever is left in a PID namespace when
 * its first process ends, and that is how labs end.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { controlGroupsHere } from '../harness/labs/control-group.ts';
import { CONTROL_GROUP_PREFIX } from '../contracts/owner.ts';
import { RequestError, messageOf } from '../contracts/errors.ts';
import { US_PER_SECOND } from '../records/units.ts';

export class ControlGroup implements Disposable {
  readonly #folder: string;
  /** Folder of the group that this process came from; null for a group that never had this process. */
  readonly #former: string | null;

  private constructor(folder: string, former: string | null) {
    this.#folder = folder;
    this.#former = former;
  }

  /** Moves this process into a group of its own. Throws `RequestError` where it may not. */
  static enter(): ControlGroup {
    const next = 'Run it as root on a system with control groups of version 2 (mount -t cgroup2 none /mnt makes them).';
    const here = controlGroupsHere();
    if (here === null) throw new RequestError(`No control groups are mounted here. ${next}`);
    const { mount, own } = here;
    // `npm run sweep` finds the group of a benchmark that was killed by this beginning.
    const folder = path.join(mount, `${CONTROL_GROUP_PREFIX}bench-${process.pid}`);
    try {
      mkdirSync(folder);
      join(folder);
    } catch (error) {
      throw new RequestError(`No control group can be made in ${mount}: ${messageOf(error)}. ${next}`);
    }
    return new ControlGroup(folder, path.join(mount, own));
  }

  get cpuSeconds(): number {
    const used = /^usage_usec (\d+)$/m.exec(readFileSync(path.join(this.#folder, 'cpu.stat'), 'utf8'))?.[1];
    return z.coerce.number().parse(used) / US_PER_SECOND;
  }

  /** Ids of the processes in the group, this one included. */
  get pids(): readonly number[] {
    const listed = readFileSync(path.join(this.#folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    return listed.map(Number);
  }

  /** Makes another group beside this one, for some of its processes. */
  beside(name: string): ControlGroup {
    const folder = `${this.#folder}-${name}`;
    mkdirSync(folder);
    return new ControlGroup(folder, null);
  }

  /** What the process and those that it starts do from now on is counted here. */
  take(pid: number): void {
    join(this.#folder, pid);
  }

  /** Takes a process out that was only just started: what it does is not counted. */
  letGo(pid: number): void {
    if (this.#former !== null) join(this.#former, pid);
  }

  /** Puts this process back where it was; all others have ended by then. */
  [Symbol.dispose](): void {
    if (this.#former !== null) join(this.#former);
    rmdirSync(this.#folder);
  }
}

function join(folder: string, pid = process.pid): void {
  writeFileSync(path.join(folder, 'cgroup.procs'), String(pid));
}
