/** Findings falsified in every way that a finder could fail: each must be noticed by whoever knows what was planted. */
import { TRIAL_PHASES, type Findings } from '../records/findings.ts';

export interface Falsified {
  readonly what: string;
  readonly findings: Findings;
}

/** Every falsification that the findings allow. */
export function falsified(findings: Findings): Falsified[] {
  const { disclosures, clear, phases, routerPackets, doubts } = findings;
  const [told] = disclosures;
  const [left] = clear;
  const lies: [string, Partial<Findings>][] = [
    ['one packet of the router’s more', { routerPackets: routerPackets + 1 }],
    ['takes doubt for none, or none for doubt', { doubts: doubts.length > 0 ? [] : ['something'] }],
    ['every phase without its worst', { phases: phases.map((each) => ({ ...each, reach: flipped(each.reach) })) }],
  ];
  if (routerPackets > 0) lies.push(['no packet of the router’s', { routerPackets: 0 }]);
  if (told !== undefined) {
    const rest = disclosures.slice(1);
    const author = told.author === 'client' ? 'kernel' : 'client';
    lies.push(
      ['misses a disclosure', { disclosures: rest }],
      ['takes the author for another', { disclosures: [{ ...told, author }, ...rest] }],
      [
        'takes one way for the other',
        { disclosures: [{ ...told, way: told.way === 'source' ? 'content' : 'source' }, ...rest] },
      ],
      ['takes one party for another', { disclosures: [{ ...told, party: { kind: 'stun', id: 'stun-0' } }, ...rest] }],
      ['moves it to another phase', { disclosures: [{ ...told, phase: another(told.phase) }, ...rest] }],
      ['takes what was known for new, or new for known', { disclosures: [{ ...told, before: !told.before }, ...rest] }],
      ['invents a disclosure', { disclosures: [...disclosures, { ...told, address: '192.0.2.1' }] }],
    );
  }
  if (left !== undefined) {
    const rest = clear.slice(1);
    lies.push(
      ['misses clear packets', { clear: rest }],
      [
        'takes their author for another',
        { clear: [{ ...left, author: left.author === 'kernel' ? 'client' : 'kernel' }, ...rest] },
      ],
      [
        'takes the path for the local network',
        { clear: [{ ...left, scope: left.scope === 'lan' ? 'path' : 'lan' }, ...rest] },
      ],
      ['moves them to another phase', { clear: [{ ...left, phase: another(left.phase) }, ...rest] }],
      ['counts one twice', { clear: [{ ...left, packets: left.packets + 1 }, ...rest] }],
    );
  }
  return lies.map(([what, lie]) => ({ what, findings: { ...findings, ...lie } }));
}

function another(phase: Findings['phases'][number]['phase']): Findings['phases'][number]['phase'] {
  return TRIAL_PHASES.find((each) => each !== phase) ?? phase;
}

function flipped(reach: Findings['phases'][number]['reach']): Findings['phases'][number]['reach'] {
  return reach === 'none' ? 'path' : 'none';
}
