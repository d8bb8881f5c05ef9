import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import type { DockerLabOptions } from '../../../src/harness/labs/docker.ts';
import { LABEL } from '../../../src/harness/labs/docker/engine.ts';
import { SCRATCH_PREFIX, sweepContainers } from '../../../src/harness/labs/docker/sweep-containers.ts';
import { openTestEngine, type TestEngine } from '../../kit/engine.ts';
import { CHECKS } from './compliance.ts';
import { CONTAINED_CHECKS, HOSTILE_CHECKS } from './hostile-guest.ts';
import { build, complianceSuite, programArgv } from '../../kit/lab-suite.ts';

const listSchema = z.array(z.looseObject({ Id: z.string(), Labels: z.record(z.string(), z.string()) }));
const inspectSchema = z.looseObject({
  HostConfig: z.looseObject({
    NetworkMode: z.string(),
    Privileged: z.boolean(),
    CapAdd: z.array(z.string()),
    CapDrop: z.array(z.string()),
    Binds: z.array(z.string()),
    ReadonlyRootfs: z.boolean(),
    PidsLimit: z.number(),
    Devices: z.array(z.looseObject({ PathOnHost: z.string(), CgroupPermissions: z.string() })).nullable(),
    PortBindings: z.record(z.string(), z.unknown()).nullable(),
  }),
});

/** What is about the machine, or about what is others'. */
const MIGHTY = /SYS_ADMIN|SYS_MODULE|SYS_PTRACE|SYS_RAWIO|SYS_TIME|SYS_BOOT|MKNOD|DAC_READ_SEARCH|ALL/;

/** Fails when the container of this member of the lab has more than it needs. */
async function assertConfined(given: z.infer<typeof inspectSchema>['HostConfig'], member: string): Promise<void> {
  assert.equal(given.NetworkMode, 'none');
  assert.equal(given.Privileged, false);
  assert.deepEqual(given.CapDrop, ['ALL']);
  assert.ok(!given.CapAdd.some((name) => MIGHTY.test(name)), given.CapAdd.join());
  // As the engine names it: «DAC_OVERRIDE», newer ones «CAP_DAC_OVERRIDE».
  assert.equal(given.CapAdd.join().includes('DAC_OVERRIDE'), member === 'client', member);
  assert.deepEqual(Object.keys(given.PortBindings ?? {}), []);
  const devices = (given.Devices ?? []).map(({ PathOnHost }) => PathOnHost);
  assert.deepEqual(devices, member === 'client' || member === 'vpn' ? ['/dev/net/tun'] : []);
  assert.ok((given.Devices ?? []).every(({ CgroupPermissions }) => CgroupPermissions === 'rw'));
  const lent = given.Binds.filter((bind) => !bind.endsWith(':ro')).map((bind) => bind.split(':')[0] ?? '');
  assert.deepEqual(
    lent.map((folder) => path.basename(folder)),
    member === 'internet' ? [] : [member],
  );
  for (const folder of lent) assert.equal((await stat(folder)).mode & 0o002, 0, `${folder} is open to everybody`);
  assert.equal(given.ReadonlyRootfs, member !== 'client', member);
  assert.ok(given.PidsLimit > 0 && given.PidsLimit <= 4096, String(given.PidsLimit));
}

describe('the lab in containers', function () {
  this.timeout(60_000);
  let opened: TestEngine | null = null;

  const options = (trial: string): string => {
    assert.ok(opened !== null);
    const { labImage, clientImage } = opened.images;
    return JSON.stringify({ campaign: 'test', trial, labImage, clientImage } satisfies DockerLabOptions);
  };
  const containers = async (trial: string): Promise<z.infer<typeof listSchema>> => {
    assert.ok(opened !== null);
    const filters = { label: [`${LABEL.trial}=${trial}`] };
    return listSchema.parse(await opened.engine.docker.listContainers({ all: true, filters }));
  };

  before(async function () {
    opened = await openTestEngine(this);
  });

  complianceSuite(
    () => Promise.resolve(programArgv(options('compliance'))),
    [...CHECKS, ...HOSTILE_CHECKS, ...CONTAINED_CHECKS],
  );

  it('leaves no container behind', async () => {
    assert.deepEqual(await containers('compliance'), []);
  });

  describe('while it stands', () => {
    const trial = `standing-${process.pid}`;

    it('gives no container a network, a port, a privilege or a writable mount but the folder of its own host', async () => {
      await build();
      const program = spawn(process.execPath, programArgv(options(trial)).slice(1), {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(program.stdout, 'data');
      const found = await containers(trial);
      assert.equal(found.length, 7);
      assert.ok(opened !== null);
      const { docker } = opened.engine;
      for (const { Id, Labels } of found) {
        const { HostConfig } = inspectSchema.parse(await docker.getContainer(Id).inspect());
        await assertConfined(HostConfig, Labels[LABEL.project] ?? '');
      }

      // And when its process is killed, the engine removes them all by itself, and a sweep the folder.
      const owner = found[0]?.Labels[LABEL.owner] ?? '';
      const gone = Promise.allSettled(found.map(({ Id }) => docker.getContainer(Id).wait({ condition: 'removed' })));
      program.kill('SIGKILL');
      await gone;
      assert.deepEqual(await containers(trial), []);
      assert.equal((await scratchFolders(owner)).length, 1);
      assert.ok((await sweepContainers()) >= 1);
      assert.deepEqual(await scratchFolders(owner), []);
    });
  });

  it('sweeps a container whose owner is gone, and no other', async () => {
    assert.ok(opened !== null);
    const { engine, images } = opened;
    const make = (labels: Record<string, string>): ReturnType<typeof engine.docker.createContainer> =>
      engine.docker.createContainer({ Image: images.labImage, Cmd: ['true'], Labels: labels });
    // One above the largest process id that Linux gives (proc(5), pid_max).
    const [abandoned, theirs] = await Promise.all([
      make({ [LABEL.owner]: '4194304.1' }),
      make({ 'someone.else': 'yes' }),
    ]);
    try {
      assert.ok((await sweepContainers()) >= 1);
      await assert.rejects(abandoned.inspect(), /no such container/i);
      await theirs.inspect();
    } finally {
      await theirs.remove();
    }
  });
});

async function scratchFolders(owner: string): Promise<readonly string[]> {
  return (await readdir(os.tmpdir())).filter((entry) => entry.startsWith(`${SCRATCH_PREFIX}${owner}`));
}
