/** The gate's result as Markdown for a pull request: what regressed first, the rest folded away. */
import { markdownCode } from '../../contracts/media.ts';
import type { Check, GateResult } from './gate.ts';
import { checkWords, outcomeWords, pWords } from './gate-words.ts';

export function gateMarkdown(campaign: string, result: GateResult): string {
  const { checks, unjudged, fresh } = result;
  const regressed = checks.filter(({ outcome }) => outcome === 'regressed');
  const held = checks.filter(({ outcome }) => outcome === 'held');
  const lines = [
    `## Kill-switch gate: ${result.outcome}`,
    '',
    outcomeWords(result),
    '',
    `Campaign: ${markdownCode(campaign)}`,
    '',
  ];
  if (regressed.length > 0) lines.push('### Regressed', '', ...table(regressed), '');
  if (unjudged.length > 0) {
    lines.push(
      '### Could not be judged',
      '',
      ...unjudged.map(({ name, reason }) => `- ${markdownCode(name)}: ${reason}`),
      '',
    );
  }
  if (fresh.length > 0) {
    lines.push('### Not in the baseline', '', ...fresh.map((cell) => `- ${markdownCode(cell)}`), '');
  }
  if (held.length > 0) {
    lines.push('<details><summary>Held</summary>', '', ...table(held), '', '</details>', '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function table(checks: readonly Check[]): string[] {
  return [
    '| Scope | What | Measure | p (Holm) |',
    '| --- | --- | --- | --- |',
    ...checks.map(
      (check) => `| ${check.scope} | ${markdownCode(check.name)} | ${checkWords(check)} | ${pWords(check.pHolm)} |`,
    ),
  ];
}
