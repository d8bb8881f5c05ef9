/** The gate's result as JUnit XML, which every CI shows: a test case a check, an unjudged cell as an error. */
import builder from 'junit-report-builder';
import type { GateResult } from './gate.ts';
import { checkWords, pWords } from './gate-words.ts';

export function gateJunit(campaign: string, { checks, unjudged, fresh }: GateResult): string {
  const report = builder.newBuilder();
  const suite = report.testSuite().name(`kill-switch gate: ${campaign}`);
  for (const check of checks) {
    const test = suite.testCase().className(`${check.scope}.${check.name}`).name(check.measure);
    const words = `${checkWords(check)}; p (Holm) ${pWords(check.pHolm)}`;
    if (check.outcome === 'regressed') test.failure(words);
    else test.standardOutput(words);
  }
  for (const { name, reason } of unjudged) suite.testCase().className(name).name('judged').error(reason);
  for (const cell of fresh) suite.testCase().className(`cell.${cell}`).name('in the baseline').skipped();
  return report.build();
}
