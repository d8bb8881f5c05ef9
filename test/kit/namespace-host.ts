/**
 * Hosts for tests of the instruments: network namespaces of the test's own, held by a sleeping process each, and
 * nothing of the harness. A host's processes end with `close()`.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Argv, ExitStatus, Host, RunningProcess } from '../../src/contracts/host.ts';
import type { HostName } from '../../src/records/vocabulary.ts';

export interface TestHost extends Host {
  /** The process that holds the namespace. */
  readonly holder: number;
  close(): Promise<void>;
}

/** A host in a network namespace of its own, with loopback up. */
export async function openHost(name: HostName): Promise<TestHost> {
  const folder = await mkdtemp(path.join(tmpdir(), `ksl-${name}-`));
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep infinity'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const children = new Set<ChildProcess>();
  const enter = (argv: Argv): string[] => ['-t', String(holder.pid), '--net', '--', ...argv];
  return {
    name,
    folder,
    holder: holder.pid ?? 0,
    run: (argv, options = {}) =>
      new Promise((resolve, reject) => {
        const child = execFile('nsenter', enter(argv), { maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
          const status = { code: child.exitCode, signal: child.signalCode };
          if (error && !options.anyStatus) reject(new Error(`${argv.join(' ')}: ${stderr || error.message}`));
          else resolve({ status, stdout, stderr });
        });
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(options.input ?? '');
      }),
    spawn: (argv, options = {}) => {
      const child = spawn('nsenter', enter(argv), {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      children.add(child);
      const exited = new Promise<ExitStatus>((resolve) => {
        child.once('exit', (code, signal) => {
          children.delete(child);
          resolve({ code, signal });
        });
      });
      child.stdin.on('error', () => undefined);
      const running: RunningProcess = {
        pid: child.pid ?? 0,
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        exited,
        signal: (signal) => void child.kill(signal),
      };
      return Promise.resolve(running);
    },
    async close() {
      const ends = [...children, holder].map((child) => {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        return exit;
      });
      await Promise.all(ends);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A veth pair between two hosts: `device` on each. */
export async function link(from: TestHost, device: string, to: TestHost, peer: string): Promise<void> {
  await from.run(['ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', peer, 'netns', String(to.holder)]);
  await from.run(['ip', 'link', 'set', device, 'up']);
  await to.run(['ip', 'link', 'set', peer, 'up']);
}
