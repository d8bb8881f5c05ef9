/**
 * Visits to the hosts of labs: entering a host's network and file system, and going home again. Sockets are of the network
 * namespace that they are opened in, for good; Node.js opens those of JavaScript and of libutp on its main thread, starts
 * processes from there and reads files synchronously there, and setns(2) moves that thread alone. (Names are looked up and
 * files read asynchronously on other threads, which stay at home: no visitor does either.)
 */
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

/** Flags of linux/sched.h. */
const CLONE_FS = 0x0000_0200;
const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWNET = 0x4000_0000;

interface Namespaces {
  readonly network: number;
  readonly mount: number;
}

type SystemCall = (name: 'setns' | 'unshare', ...args: readonly number[]) => void;

export class Visitor {
  readonly #home: Namespaces;
  readonly #call: SystemCall;

  private constructor(home: Namespaces, call: SystemCall) {
    this.#home = home;
    this.#call = call;
  }

  /** Makes a visitor who is at home where this process is now. */
  static async atHome(): Promise<Visitor> {
    // Loaded where it is needed: most processes never move.
    const koffi = await import('koffi');
    const libc = koffi.load(null);
    const calls = { setns: libc.func('int setns(int, int)'), unshare: libc.func('int unshare(int)') };
    const call: SystemCall = (name, ...args) => {
      if (z.number().parse(calls[name](...args)) === 0) return;
      throw new Error(`${name}(2) failed with errno ${koffi.errno()}: visiting a host takes CAP_SYS_ADMIN`);
    };
    return new Visitor(open('/proc/thread-self/ns'), call);
  }

  /** `folder`: the namespaces of a process of the host, in /proc. Throws when they are gone or this process may not. */
  enter(folder: string): void {
    const there = open(folder);
    this.#set(there);
    for (const file of [there.network, there.mount]) closeSync(file);
  }

  leave(): void {
    this.#set(this.#home);
  }

  /** Does something, at once, where `enter` leads. */
  visit(folder: string, act: () => void): void {
    this.enter(folder);
    try {
      act();
    } finally {
      this.leave();
    }
  }

  /** Does something, at once, in a copy of home's mounts, which lasts as long as what is started there. */
  inCopy<T>(act: () => T): T {
    this.#call('unshare', CLONE_NEWNS);
    try {
      return act();
    } finally {
      this.leave();
    }
  }

  #set({ network, mount }: Namespaces): void {
    // A thread that shares its root and working directory with others may not change its mount namespace, and every thread
    // that this one has started since the last time, such as those of libuv's pool, shares them again.
    this.#call('unshare', CLONE_FS);
    this.#call('setns', network, CLONE_NEWNET);
    this.#call('setns', mount, CLONE_NEWNS);
  }
}

function open(folder: string): Namespaces {
  return { network: openSync(path.join(folder, 'net'), 'r'), mount: openSync(path.join(folder, 'mnt'), 'r') };
}
