/** Makes mocha tests of what a compliance program reports. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Argv } from '../../src/contracts/host.ts';
import { CHECKS, type Check } from '../harness/labs/compliance.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const reportSchema = z.object({ name: z.string(), failure: z.string().nullable() });

/** The program's command line, with the options of a lab in containers. */
export function programArgv(...options: readonly string[]): Argv {
  const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const loader = `--import=${at('../register.mjs')}`;
  return [process.execPath, '--no-warnings', loader, at('../harness/labs/compliance-program.ts'), ...options];
}

/** Compiles what labs run in their hosts. */
export async function build(): Promise<void> {
  await run([process.execPath, 'bootstrap.mjs', 'help']);
}

function run([program, ...args]: Argv): Promise<{ stdout: string; failure: string | null }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: PROJECT, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      resolve({ stdout, failure: error === null ? null : `${error.message}\n${stderr}` });
    });
  });
}

/** A test for each check; `argv` is asked for once, and may skip them all. */
export function complianceSuite(
  argv: (context: Mocha.Context) => Promise<Argv>,
  checks: readonly Check[] = CHECKS,
): void {
  const reports = new Map<string, string | null>();
  let whole: string | null = null;

  before(async function () {
    this.timeout(600_000);
    await build();
    const { stdout, failure } = await run(await argv(this));
    whole = failure;
    for (const line of stdout.split('\n').filter(Boolean)) {
      const report = reportSchema.parse(JSON.parse(line));
      reports.set(report.name, report.failure);
    }
  });

  for (const { name } of checks) {
    it(name, () => {
      assert.ok(reports.has(name), `the program did not come to it: ${whole ?? ''}`);
      assert.equal(reports.get(name), null);
    });
  }
  it('is closed for good when disposed of', () => {
    assert.equal(reports.get('ends'), null, reports.get('ends') ?? '');
    assert.equal(whole, null, whole ?? '');
  });
}
