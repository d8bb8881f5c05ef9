import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { enterNamespaces } from '../../../src/harness/labs/netns.ts';

const MOUNTS = new URL('../../../src/harness/labs/mounts.ts', import.meta.url).href;
const REGISTER = fileURLToPath(new URL('../../register.mjs', import.meta.url));

/** What a program of Node.js prints, as JSON, that is root in namespaces of its own; it has `mounts` and `tried`. */
function inNamespaces(program: string): unknown {
  const setting = `
    const mounts = await import(${JSON.stringify(MOUNTS)});
    const { mkdirSync, writeFileSync } = await import('node:fs');
    const tried = (act) => { try { act(); return 'done'; } catch (error) { return error.code ?? error.message; } };
    mounts.cover('/mnt', '755');`;
  const node = [process.execPath, '--no-warnings', `--import=${REGISTER}`, '--input-type=module', '--eval'] as const;
  const [command, ...args] = enterNamespaces([...node, `${setting}\n${program}`]);
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' }));
}

describe('mounts', () => {
  it('let nothing be written where they are read-only, and allow nothing that was forbidden there', () => {
    const told = inNamespaces(`
      mkdirSync('/mnt/a place');
      mounts.mountNew('tmpfs', '/mnt/a place', ['nosuid', 'nodev', 'noexec']);
      mounts.makeReadOnly('/mnt/a place');
      const write = tried(() => writeFileSync('/mnt/a place/file', ''));
      const { options } = mounts.mounts().findLast(({ place }) => place === '/mnt/a place');
      console.log(JSON.stringify({ write, options }));`);
    const { write, options } = z.object({ write: z.string(), options: z.array(z.string()) }).parse(told);
    assert.equal(write, 'EROFS');
    assert.deepEqual(options.slice(0, 4), ['ro', 'nosuid', 'nodev', 'noexec']);
  });

  it('name the place and what the kernel said when they cannot be made', () => {
    const told = inNamespaces(`
      console.log(JSON.stringify(tried(() => mounts.bind('/mnt/missing', '/mnt'))));`);
    assert.equal(told, 'mount(2) of /mnt/missing on /mnt: ENOENT');
  });

  it('keep their other options when a file system gets options of its own', () => {
    const told = inNamespaces(`
      mounts.remount('/mnt', 'mode=700');
      console.log(JSON.stringify(mounts.mounts().findLast(({ place }) => place === '/mnt').options));`);
    assert.deepEqual(z.array(z.string()).parse(told).slice(0, 3), ['rw', 'nosuid', 'nodev']);
  });
});
