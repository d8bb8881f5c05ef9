/** The gate's result as Markdown for a pull request: what regressed first, the rest folded away. */
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
    `Campaign: ${code(campaign)}`,
    '',
  ];
  if (regressed.length > 0) lines.push('### Regressed', '', ...table(regressed), '');
  if (unjudged.length > 0) {
    lines.push('### Could not be judged', '', ...unjudged.map(({ name, reason }) => `- ${code(name)}: ${reason}`), '');
  }
  if (fresh.length > 0) {
    lines.push('### Not in the baseline', '', ...fresh.map((cell) => `- ${code(cell)}`), '');
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
      (check) => `| ${check.scope} | ${code(check.name)} | ${checkWords(check)} | ${pWords(check.pHolm)} |`,
    ),
  ];
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}
