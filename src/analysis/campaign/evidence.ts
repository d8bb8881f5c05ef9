/**
 * What a trial left besides its record: its timeline, and where its captures are. Missing is null; a line that is no
 * event is left out and counted.
 */
import { access } from 'node:fs/promises';
import { timelineEventSchema, type TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { readLines } from './record-lines.ts';
import { trialFile } from './read-campaign.ts';

export interface Timeline {
  readonly events: readonly TimelineEvent[];
  /** Lines that are no event this code knows. */
  readonly unread: number;
}

/** The trial's timeline in the order of its instants; null where there is none. */
export async function readTimeline(folder: string, trial: string): Promise<Timeline | null> {
  const file = trialFile(folder, trial, 'timeline.jsonl');
  if (!(await there(file))) return null;
  const events: TimelineEvent[] = [];
  let unread = 0;
  for await (const { text } of readLines(file)) {
    if (text === '') continue;
    const event = timelineEventSchema.safeParse(parsed(text));
    if (event.success) events.push(event.data);
    else unread += 1;
  }
  return { events: events.sort((a, b) => a.atNs - b.atNs), unread };
}

/** Path of the trial's sealed capture; null where the record names none or it is not there. */
export async function captureFile(
  folder: string,
  record: TrialRecord,
  name: TrialRecord['captures'][number]['name'],
): Promise<string | null> {
  const capture = record.captures.find((each) => each.name === name);
  if (capture === undefined) return null;
  const file = trialFile(folder, record.trial, capture.file);
  return (await there(file)) ? file : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function there(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
