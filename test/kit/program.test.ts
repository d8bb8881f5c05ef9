import assert from 'node:assert/strict';
import { programOutput } from './program.ts';

const node = (script: string): [string, ...string[]] => [process.execPath, '-e', script];

describe('a program that a test runs', () => {
  it('gives what it wrote', async () => {
    assert.equal(await programOutput(node('console.log(1)')), '1\n');
  });

  it('says its exit code and its last words of either kind when it fails', async () => {
    const run = programOutput(node('console.log("came so far"); console.error("and no further"); process.exit(3)'));
    await assert.rejects(run, /exit code 3\nstandard error: and no further\nstandard output: came so far/);
  });

  it('says that it did not end, and what it had said until then', async () => {
    const run = programOutput(node('console.error("injecting"); setInterval(() => 0, 1000)'), { seconds: 2 });
    await assert.rejects(run, /no end within 2 s\nstandard error: injecting\nstandard output: \(nothing\)/);
  });

  it('says the signal that ended it', async () => {
    await assert.rejects(programOutput(node('process.kill(process.pid, "SIGTERM")')), /ended with SIGTERM/);
  });

  it('says that there is no such program', async () => {
    await assert.rejects(programOutput(['/no/such/program']), /ENOENT/);
  });
});
