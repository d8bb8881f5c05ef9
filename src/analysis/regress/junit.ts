/** The gate's result as JUnit XML, which every CI shows: a test case a check, an unjudged cell as an error. */
import builder from 'junit-report-builder';
import { xmlText } from '../../contracts/media.ts';
import type { GateResult } from './gate.ts';
import { checkWords, pWords } from './gate-words.ts';

export function gateJunit(campaign: string, { checks, unjudged, fresh }: GateResult): string {
  const report = builder.newBuilder();
  const suite = report.testSuite().name(xmlText(`kill-switch gate: ${campaign}`));
  for (const check of checks) {
    const test = suite
      .testCase()
      .className(xmlText(`${check.scope}.${check.name}`))
      .name(check.measure);
    const words = `${checkWords(check)}; p (Holm) ${pWords(check.pHolm)}`;
    if (check.outcome === 'regressed') test.failure(words);
    else test.standardOutput(words);
  }
  for (const { name, reason } of unjudged)
    suite.testCase().className(xmlText(name)).name('judged').error(xmlText(reason));
  for (const cell of fresh)
    suite
      .testCase()
      .className(xmlText(`cell.${cell}`))
      .name('in the baseline')
      .skipped();
  return report.build();
}
