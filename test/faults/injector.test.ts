import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { answerSchema } from '../../src/faults/acts.ts';
import { programArgv } from '../../src/programs/program.ts';

const JOB = JSON.stringify({ originUnixNs: '0' });

/** What the injector answers to these lines, all of which it has from the beginning. */
function answers(...lines: readonly (string | object)[]): unknown[] {
  const [file, ...args] = programArgv('faults/injector');
  const input = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
  const said = execFileSync(file, [...args, JOB], { input, encoding: 'utf8', timeout: 10_000 });
  return said
    .trimEnd()
    .split('\n')
    .map((line) => answerSchema.parse(JSON.parse(line)));
}

describe('the injector', function () {
  this.timeout(20_000);

  it('feeds a program that opens its input by name also before it has opened it', () => {
    const late = ['sh', '-c', 'sleep 0.3; exec cat /dev/stdin'];
    const feed = { act: 'feed', argv: late, input: 'what it is fed' };
    const [ready, injected] = answers({ prepare: [feed], afterwards: [] }, 'inject', 'end');
    assert.deepEqual(ready, { ready: true });
    assert.ok(typeof injected === 'object' && injected !== null && 'complaints' in injected);
    assert.equal(injected.complaints, 'what it is fed');
  });

  it('ends a program that was not fed without its having acted', () => {
    const feed = { act: 'feed', argv: ['cat'], input: 'never given' };
    assert.deepEqual(answers({ prepare: [feed], afterwards: [] }, 'end'), [{ ready: true }]);
  });

  it('says why nothing could be prepared', () => {
    const feed = { act: 'feed', argv: ['/no/such/program'], input: '' };
    const [answer] = answers({ prepare: [feed], afterwards: [] }, 'end');
    assert.deepEqual(answer, { failed: '/no/such/program could not be started' });
  });
});
