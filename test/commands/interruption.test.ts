/** Ctrl-C, in a terminal: a pseudo-terminal of Python's, with the command's own progress on it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const REGISTER = path.join(ROOT, 'test', 'register.mjs');

/** Runs argv on a terminal, in a process group of its own; types what it is given; ends with the program's exit code. */
const TERMINAL = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    readable, _, _ = select.select([terminal, 0], [], [])
    if 0 in readable:
        typed = os.read(0, 100)
        if typed:
            os.write(terminal, typed)
    if terminal in readable:
        try:
            said = os.read(terminal, 4096)
        except OSError:
            break
        if not said:
            break
        os.write(1, said)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
`;

/** Shows progress as a campaign does, and is told what kind of end it is asked for. */
const PROGRAM = (finishes: boolean): string => `
const { listenForInterruption, finishing } = await import('${ROOT}/src/commands/interruption.ts');
const { ProgressView } = await import('${ROOT}/src/commands/view.ts');
listenForInterruption();
const view = new ProgressView(process.stderr, 1, 10);
view.begun({ earlier: [], waiting: 2 });
view.trialStarted('0001');
setInterval(() => undefined, 1000);
if (${String(finishes)}) {
  finishing().addEventListener('abort', () => {
    view.end();
    console.log('the report is being written');
    setTimeout(() => { console.log('the report is written'); process.exit(130); }, Number(process.argv[1]));
  });
}
console.log('under way');
`;

interface End {
  readonly code: number | null;
  readonly said: string;
}

/** Types Ctrl-C whenever the program has said the next of `cues`. */
async function interrupted(finishes: boolean, takesMs: number, cues: readonly string[]): Promise<End> {
  const program = [process.execPath, '--import', REGISTER, '--input-type=module', '-e', PROGRAM(finishes)];
  const child = spawn('python3', ['-c', TERMINAL, ...program, String(takesMs)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  let next = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    const cue = cues[next];
    if (cue === undefined || !said.includes(cue)) return;
    next += 1;
    child.stdin.write('\x03');
  });
  await once(child, 'close');
  return { code: child.exitCode, said };
}

describe('Ctrl-C in a terminal', function () {
  this.timeout(60_000);

  it('lets a command that has something to finish finish it', async () => {
    const { code, said } = await interrupted(true, 100, ['under way']);
    assert.match(said, /finishing what has to be.*the report is written/s);
    assert.equal(code, 130);
  });

  it('ends it at once the second time', async () => {
    const { code, said } = await interrupted(true, 30_000, ['under way', 'being written']);
    assert.doesNotMatch(said, /is written/);
    assert.match(said, /interrupted/);
    assert.equal(code, 130);
  });

  it('ends every other command at once, with the exit code that says so', async () => {
    const { code, said } = await interrupted(false, 0, ['under way']);
    assert.match(said, /killswitch-lab: interrupted/);
    assert.equal(code, 130);
  });
});
