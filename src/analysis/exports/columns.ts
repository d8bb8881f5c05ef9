/** The columns of trials.csv and trials.parquet: one list, so that the two cannot differ. Order is part of the format. */
import { CLEAR_CLASSES, PARTIES } from '../../records/vocabulary.ts';
import type { TrialRow } from '../summary/rows.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

export type Value = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly type: 'STRING' | 'DOUBLE' | 'INT32' | 'BOOLEAN';
  readonly value: (row: TrialRow) => Value;
}

const text = (name: string, value: (row: TrialRow) => string | null): Column => ({ name, type: 'STRING', value });
const count = (name: string, value: (row: TrialRow) => number | null): Column => ({ name, type: 'INT32', value });
const real = (name: string, value: (row: TrialRow) => number | null): Column => ({ name, type: 'DOUBLE', value });
const flag = (name: string, value: (row: TrialRow) => boolean | null): Column => ({ name, type: 'BOOLEAN', value });

export const COLUMNS: readonly Column[] = [
  text('trial', (row) => row.trial),
  text('client', (row) => row.cell.client),
  text('killSwitch', (row) => row.cell.killSwitch),
  text('killSwitchFamily', (row) => row.family),
  text('fault', (row) => row.cell.fault),
  text('moment', (row) => row.cell.moment),
  count('repetition', (row) => row.repetition),
  count('attempt', (row) => row.attempt),
  text('clientVersion', (row) => row.clientVersion),
  text('binding', (row) => row.binding),
  text('verdict', (row) => row.verdict),
  text('reason', (row) => row.reason),
  text('reachBefore', (row) => row.found?.reach.before ?? null),
  text('reachOutage', (row) => row.found?.reach.outage ?? null),
  text('reachAfter', (row) => row.found?.reach.after ?? null),
  count('learntBySource', (row) => learnt(row, 'source')),
  count('learntByContent', (row) => learnt(row, 'content')),
  text('availability', (row) => row.found?.works?.state ?? null),
  real('lastClientSeconds', (row) => seconds(row.found?.latency?.lastClientNs)),
  real('lastKernelSeconds', (row) => seconds(row.found?.latency?.lastKernelNs)),
  real('tunnelBackSeconds', (row) => seconds(row.found?.latency?.tunnelBackNs)),
  real('gapSeconds', (row) => row.measured?.gapSeconds ?? null),
  flag('gapCensored', (row) => row.measured?.gapCensored ?? null),
  real('firstClearSeconds', (row) => row.measured?.firstClearSeconds ?? null),
  real('detectionSeconds', (row) => row.measured?.detectionSeconds ?? null),
  real('switchLatencySeconds', (row) => row.measured?.switchLatencySeconds ?? null),
  count('clearPackets', (row) => row.measured?.clearPackets ?? null),
  real('clearBytes', (row) => row.measured?.clearBytes ?? null),
  ...CLEAR_CLASSES.map((name) =>
    count(`packets ${name}`, (row) => (row.measured === null ? null : row.measured.packetsByClass[name])),
  ),
  count('baselineClearPackets', (row) => row.measured?.baselineClearPackets ?? null),
  count('recoveryClearPackets', (row) => row.measured?.recoveryClearPackets ?? null),
  ...PARTIES.map((party) =>
    count(`exposed ${party}`, (row) => (row.measured === null ? null : row.measured.exposedTo[party])),
  ),
  count('knockPackets', (row) => row.measured?.knockPackets ?? null),
  real('addressSurvivalSeconds', (row) => row.measured?.addressSurvivalSeconds ?? null),
  flag('addressSurvivalCensored', ({ measured }) =>
    typeof measured?.addressSurvivalSeconds === 'number' ? measured.addressSurvivalCensored : null,
  ),
  real('recoverySeconds', (row) => row.measured?.recoverySeconds ?? null),
  real('momentAchievedSeconds', (row) => row.momentAchievedSeconds),
  real('faultBracketSeconds', (row) => row.faultBracketSeconds),
  real('heartbeatMaxDelaySeconds', (row) => row.heartbeatMaxDelaySeconds),
];

/** Parties that learnt the address in one way, in any stage of the trial. */
function learnt({ found }: TrialRow, way: 'source' | 'content'): number | null {
  if (found === null) return null;
  return new Set(found.learnt.flatMap((one) => (one.way === way ? [`${one.kind} ${one.id}`] : []))).size;
}

function seconds(ns: number | null | undefined): number | null {
  return ns === null || ns === undefined ? null : ns / NS_PER_SECOND;
}
