/** `npm run sweep`: what a killed run can leave behind goes, and what is in use stays. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { orphanedTrials } from '../../src/commands/sweep.ts';
import { CONTROL_GROUP_PREFIX, OWNER_VARIABLE, ownerName } from '../../src/contracts/owner.ts';
import { amongGroups } from '../kit/control-groups.ts';
import { programOutput } from '../kit/program.ts';

const BOOTSTRAP = fileURLToPath(new URL('../../bootstrap.mjs', import.meta.url));

describe('npm run sweep', function () {
  this.timeout(60_000);

  it('removes the control groups that have long had no process, and no other', async function () {
    if (process.getuid?.() !== 0) this.skip(); // control groups take root
    const name = (of: string): string => `${CONTROL_GROUP_PREFIX}${of}-${randomBytes(6).toString('hex')}`;
    const [empty, busy, fresh] = [name('empty'), name('busy'), name('fresh')];
    const holder = spawn('sleep', ['infinity']);
    await once(holder, 'spawn');
    const make = 'mkdir "$1" "$2" "$3" && echo "$4" > "$2/cgroup.procs" && touch -d "10 minutes ago" "$1" "$2"';
    await amongGroups(make, empty, busy, fresh, String(holder.pid));
    try {
      const said = await programOutput([process.execPath, BOOTSTRAP, 'sweep']);
      assert.match(said, /[1-9]\d* control groups/);
      const left = (await amongGroups('ls -d */')).split('\n');
      assert.ok(!left.includes(`${empty}/`));
      assert.ok(left.includes(`${busy}/`));
      assert.ok(left.includes(`${fresh}/`));
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      await amongGroups('rmdir "$1" "$2"', busy, fresh);
    }
  });

  it('takes for abandoned what a harness that is gone has started, and nothing else, whoever its parent is', async () => {
    const own = ownerName(process.pid) ?? '';
    const [namespace = '', pid = ''] = own.split('.');
    const started = await Promise.all(
      [own, `${namespace}.${pid}.1`, `${namespace}.${2 ** 30}.1`, `1.${pid}.1`].map((owner) =>
        // Its parent ends at once: it is taken in by init, as an orphan is, and as what process 1 itself started.
        programOutput(['sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], {
          env: { ...process.env, [OWNER_VARIABLE]: owner },
        }),
      ),
    );
    const [ours, used, gone, elsewhere] = started.map(Number);
    try {
      const orphans = await orphanedTrials();
      assert.ok(!orphans.includes(ours ?? 0), 'its harness lives');
      assert.ok(orphans.includes(used ?? 0), 'another process has the id of its harness now');
      assert.ok(orphans.includes(gone ?? 0), 'its harness is gone');
      const seesAll = namespace === '4026531836';
      assert.equal(
        orphans.includes(elsewhere ?? 0),
        seesAll,
        'of another namespace: only who sees every process can tell',
      );
    } finally {
      for (const each of [ours, used, gone, elsewhere]) process.kill(each ?? 0, 'SIGKILL');
    }
  });
});
