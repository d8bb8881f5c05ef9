/** `npm run sweep`: what a killed run can leave behind goes, and what is in use stays. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CONTROL_GROUPS } from '../../src/killswitches/systemd-restrict.ts';

const BOOTSTRAP = fileURLToPath(new URL('../../bootstrap.mjs', import.meta.url));

/** Runs a script where control groups are mounted; throws where the kernel has none. */
function amongGroups(script: string, ...args: string[]): string {
  const { mount } = CONTROL_GROUPS;
  const mounted = `mount -t cgroup2 none ${mount} && cd ${mount} && ${script}`;
  return execFileSync('unshare', ['--mount', '--propagation=private', 'sh', '-c', mounted, 'sh', ...args]).toString();
}

describe('npm run sweep', function () {
  this.timeout(60_000);

  it('removes the control groups that have long had no process, and no other', async function () {
    if (process.getuid?.() !== 0) this.skip(); // control groups take root
    const name = (of: string): string => `${CONTROL_GROUPS.prefix}${of}-${randomBytes(6).toString('hex')}`;
    const [empty, busy, fresh] = [name('empty'), name('busy'), name('fresh')];
    const holder = spawn('sleep', ['infinity']);
    await once(holder, 'spawn');
    const make = 'mkdir "$1" "$2" "$3" && echo "$4" > "$2/cgroup.procs" && touch -d "10 minutes ago" "$1" "$2"';
    amongGroups(make, empty, busy, fresh, String(holder.pid));
    try {
      const said = execFileSync(process.execPath, [BOOTSTRAP, 'sweep']).toString();
      assert.match(said, /[1-9]\d* control groups/);
      const left = amongGroups('ls -d */').split('\n');
      assert.ok(!left.includes(`${empty}/`));
      assert.ok(left.includes(`${busy}/`));
      assert.ok(left.includes(`${fresh}/`));
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      amongGroups('rmdir "$1" "$2"', busy, fresh);
    }
  });
});
