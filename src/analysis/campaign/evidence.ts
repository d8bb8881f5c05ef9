/**
 * What a trial left besides its record: its timeline, and where its captures are. Missing is null; a line that is no
 * event is left out and counted.
 */
import { timelineEventSchema, type TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { MOST_BYTES, pathOf, readLines } from './campaign-folder.ts';
import { parsedJson } from './record-lines.ts';
import { trialFile } from './read-campaign.ts';

export interface Timeline {
  readonly events: readonly TimelineEvent[];
  /** Lines that are no event this code knows. */
  readonly unread: number;
}

/** The trial's timeline in the order of its instants; null where there is none. @throws FileRefused */
export async function readTimeline(folder: string, trial: string): Promise<Timeline | null> {
  const parts = trialFile(trial, 'timeline.jsonl');
  if ((await pathOf(folder, parts, MOST_BYTES.timeline)) === null) return null;
  const events: TimelineEvent[] = [];
  let unread = 0;
  for await (const { text, tooLong } of readLines(folder, parts, MOST_BYTES.timeline)) {
    if (text === '' && !tooLong) continue;
    const event = timelineEventSchema.safeParse(parsedJson(text));
    if (event.success) events.push(event.data);
    else unread += 1;
  }
  return { events: events.sort((a, b) => a.atNs - b.atNs), unread };
}

/** Path of the trial's sealed capture; null where the record names none or it is not there. @throws FileRefused */
export async function captureFile(
  folder: string,
  record: TrialRecord,
  name: TrialRecord['captures'][number]['name'],
): Promise<string | null> {
  const capture = record.captures.find((each) => each.name === name);
  if (capture === undefined) return null;
  return pathOf(folder, trialFile(record.trial, capture.file), MOST_BYTES.capture);
}
