/** Measures of a trial made anew from its captures and timeline, for whoever derives a campaign from more than its records. */
import type { Measures } from '../../records/measures.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { measureTrial } from '../measure/measure.ts';
import { captureFile, readTimeline } from './evidence.ts';
import type { Problems } from './problems.ts';

/** Measures a trial from what its folder holds; null where that is less than was there when it was sealed. */
export async function measureAnew(folder: string, record: TrialRecord, problems: Problems): Promise<Measures | null> {
  if (record.outcome.status === 'unsupported') return null;
  const timeline = await readTimeline(folder, record.trial);
  const uplinkFile = await captureFile(folder, record, 'uplink');
  const wanFile = await captureFile(folder, record, 'wan');
  if (timeline === null || uplinkFile === null || wanFile === null) return null;
  if (timeline.unread > 0) {
    problems.note('unreadable-timeline', record.trial, 'Lines of a timeline are no events and were left out.');
  }
  return (await measureTrial({ record, timeline: timeline.events, uplinkFile, wanFile })).measures;
}
