/** What is left over of a harness is found, and what is another's is not taken for it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CONTROL_GROUP_PREFIX, ownerName } from '../../src/contracts/owner.ts';
import { SCRATCH_PREFIX } from '../../src/harness/labs/docker/sweep-containers.ts';
import { amongGroups } from './control-groups.ts';
import { Remains } from './remains.ts';

describe('what is left over of a harness', function () {
  this.timeout(30_000);
  const started: ChildProcess[] = [];
  before(function () {
    if (process.getuid?.() !== 0) this.skip(); // namespaces and control groups take root
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map(ended));
  });

  /** A program that has begun, with what it printed. */
  const begin = async (...argv: readonly string[]): Promise<[pid: number, child: ChildProcess, printed: string]> => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    started.push(child);
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await once(child.stdout, 'data');
    return [child.pid ?? 0, child, printed.trim()];
  };
  const IN_NAMESPACE = ['unshare', '--net', 'sh', '-c', 'echo begun; exec sleep 60'] as const;

  it('is not a namespace of another, which has got the number of one that is gone', async () => {
    const [pid, harness] = await begin(...IN_NAMESPACE);
    const number = readlinkSync(`/proc/${pid}/ns/net`);
    const remains = await Remains.of(pid);
    assert.equal(remains.namespaces, 1);
    await ended(harness);
    // The kernel gives the lowest number that is free: by now another would long have it.
    for (let others = 0; others < 5; others++) {
      const [other] = await begin(...IN_NAMESPACE);
      assert.notEqual(readlinkSync(`/proc/${other}/ns/net`), number);
    }
    await remains.assertGone(1);
  });

  it('is a process in its namespace, whoever has started it', async () => {
    const [pid, harness] = await begin(...IN_NAMESPACE);
    const remains = await Remains.of(pid);
    const [guest] = await begin('nsenter', '--net', '--target', String(pid), 'sh', '-c', 'echo begun; exec sleep 60');
    await ended(harness);
    await assert.rejects(remains.assertGone(0.1), new RegExp(`left over after 0\\.1 s: ${guest} in `));
  });

  it('is a scratch folder that names one of its processes', async () => {
    const [pid, harness] = await begin('sh', '-c', 'echo begun; exec sleep 60');
    const remains = await Remains.of(pid);
    const folder = await mkdtemp(path.join(tmpdir(), `${SCRATCH_PREFIX}${ownerName(pid) ?? ''}-`));
    await ended(harness);
    try {
      await assert.rejects(remains.assertGone(0.1), new RegExp(`s: ${path.basename(folder)}$`, 'm'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is a control group that it alone was in', async () => {
    const group = `${CONTROL_GROUP_PREFIX}remains-${process.pid}`;
    const [pid, harness] = await begin('sh', '-c', 'echo begun; exec sleep 60');
    await amongGroups('mkdir "$1" && echo "$2" > "$1/cgroup.procs"', group, String(pid));
    try {
      const remains = await Remains.of(pid);
      await ended(harness);
      await assert.rejects(remains.assertGone(0.1), new RegExp(`s: .*${group}$`, 'm'));
    } finally {
      await amongGroups('rmdir "$1"', group);
    }
  });
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
