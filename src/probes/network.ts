/**
 * Which network this process is in. Sockets are of the network namespace that they are opened in, for good; Node.js opens
 * those of JavaScript and of libutp on its main thread, which setns(2) can move. (Names are looked up on other threads,
 * which stay behind: no program of the lab's looks one up.)
 */
import { closeSync, openSync } from 'node:fs';
import * as z from 'zod';

/** CLONE_NEWNET of linux/sched.h. */
const CLONE_NEWNET = 0x4000_0000;

type SetNetwork = (namespace: number) => void;

export class Network {
  readonly #home: number;
  readonly #set: SetNetwork;

  private constructor(home: number, set: SetNetwork) {
    this.#home = home;
    this.#set = set;
  }

  /** The network that the process is in now is the one it leaves for. */
  static async home(): Promise<Network> {
    // Loaded where it is needed: most programs never move.
    const koffi = await import('koffi');
    const setns = koffi.load(null).func('int setns(int fd, int kind)');
    return new Network(openSync('/proc/thread-self/ns/net', 'r'), (namespace) => {
      if (z.number().parse(setns(namespace, CLONE_NEWNET)) === 0) return;
      throw new Error(`setns(2) into a network namespace failed with errno ${koffi.errno()}: it takes CAP_SYS_ADMIN`);
    });
  }

  /** `file`: the namespace, in /proc. Throws when it is gone or this process may not. */
  enter(file: string): void {
    const namespace = openSync(file, 'r');
    this.#set(namespace);
    closeSync(namespace);
  }

  leave(): void {
    this.#set(this.#home);
  }
}
