/** `npm run bench` where a command is missing that it needs, and cannot be installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { BOOTSTRAP } from '../kit/command-line.ts';
import { findCommand } from '../../src/harness/labs/provision.ts';

/** Runs a script in a file system of its own, in which nothing can be started as the commands named. */
function without(commands: readonly string[], argv: readonly string[]): { status: number | null; stderr: string } {
  const files = commands.map(findCommand).filter((file) => file !== null);
  const hide = 'while [ "$1" != -- ]; do mount --bind /dev/null "$1" || exit 9; shift; done; shift; exec "$@"';
  const enter = ['--user', '--map-root-user', '--mount', '--propagation=private'];
  return spawnSync('unshare', [...enter, 'sh', '-c', hide, 'sh', ...files, '--', ...argv], { encoding: 'utf8' });
}

describe('npm run bench', function () {
  this.timeout(120_000);

  for (const { bench, command } of [
    { bench: 'classification', command: 'tshark' },
    { bench: 'classification', command: 'tcpdump' },
    { bench: 'lab', command: 'ping' },
    { bench: 'moments', command: 'qbittorrent-nox' },
    { bench: 'campaign', command: 'transmission-daemon' },
  ]) {
    it(`${bench}: measures nothing where ${command} is missing, and names its package`, () => {
      const { status, stderr } = without([command, 'apt-get'], [process.execPath, BOOTSTRAP, 'bench', bench]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, new RegExp(`missing: .*${command} \\(package [a-z-]+\\)`));
      assert.doesNotMatch(stderr, /measuring|--lab docker/);
    });
  }
});
