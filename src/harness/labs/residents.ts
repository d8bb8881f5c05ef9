/**
 * The lab's own programs that outlive a lab: each is a process that waits, is put to work on a host of one lab by entering
 * its namespaces (programs/waiting.ts is the program's end), and waits for the next. One that has not gone back when its lab
 * closes ends with it, as everything else of that lab does; so does one that has grown large.
 */
import { readFileSync } from 'node:fs';
import type { Argv, ExitStatus, LineProcess, RunningProcess } from '../../contracts/host.ts';
import { lineProcess } from '../../programs/lines.ts';
import { beginRealTime } from '../../programs/real-time.ts';
import type { HostName } from '../../records/vocabulary.ts';
import { LEFT, type Assignment } from '../../programs/waiting.ts';

/** A new swarm takes 75 MiB, and keeps 1.6 MiB more of every trial (measured over 46 trials with qBittorrent). */
const MOST_KIB = 120 * 1024;

interface Resident {
  readonly pid: number;
  readonly process: LineProcess;
}

export class Residents {
  readonly #startAtHome: (host: HostName, argv: Argv) => Promise<RunningProcess>;
  readonly #idle = new Map<string, Resident[]>();

  /** `startAtHome`: starts one where it waits. */
  constructor(startAtHome: (host: HostName, argv: Argv) => Promise<RunningProcess>) {
    this.#startAtHome = startAtHome;
  }

  /** Ids of idle residents: they belong to no lab, and closing a lab must spare them. */
  get pids(): readonly number[] {
    return [...this.#idle.values()].flat().map(({ pid }) => pid);
  }

  /** Puts one to work, started for it where none waits. */
  async lend(host: HostName, argv: Argv, assignment: Assignment): Promise<LineProcess> {
    const program = argv.join(' ');
    const resident = this.#idle.get(program)?.pop() ?? (await this.#start(host, argv));
    const { process } = resident;
    let onLine: (line: string) => void = () => undefined;
    const back = new Promise<ExitStatus>((resolve) => {
      process.hear((line) => {
        if (line === LEFT) {
          if (residentKiB(resident.pid) > MOST_KIB) process.kill();
          else this.#idle.set(program, [...(this.#idle.get(program) ?? []), resident]);
          resolve({ code: 0, signal: null });
        } else onLine(line);
      });
    });
    process.tell(JSON.stringify(assignment));
    return {
      hear: (listener) => (onLine = listener),
      tell: (line) => process.tell(line),
      get complaints() {
        return process.complaints;
      },
      ended: Promise.race([back, process.ended]),
      hasten: () => beginRealTime(resident.pid),
      kill: () => process.kill(),
    };
  }

  async #start(host: HostName, argv: Argv): Promise<Resident> {
    const program = argv.join(' ');
    const started = await this.#startAtHome(host, argv);
    const resident = { pid: started.pid, process: lineProcess(started) };
    // Nobody is put to work who has ended while waiting.
    void started.exited.then(() => {
      const others = (this.#idle.get(program) ?? []).filter((each) => each !== resident);
      this.#idle.set(program, others);
    });
    return resident;
  }
}

/** Memory of a process that is in the machine, shared pages included (proc(5)). */
function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
