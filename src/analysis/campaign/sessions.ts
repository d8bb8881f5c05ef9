/**
 * What the harness's sessions say against a campaign: a frame of the lab that was seen outside the labs. A campaign
 * without `sessions.jsonl` (an old or an imported one) has nothing said against it.
 */
import { join } from 'node:path';
import { sessionRecordSchema } from '../../records/session.ts';
import { readLines } from './record-lines.ts';
import { Problems } from './problems.ts';

export async function readSessions(folder: string): Promise<Problems> {
  const problems = new Problems();
  const file = join(folder, 'sessions.jsonl');
  try {
    for await (const { text, number } of readLines(file)) noteSession(text, `sessions.jsonl line ${number}`, problems);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return problems;
}

function noteSession(text: string, place: string, problems: Problems): void {
  if (text.trim() === '') return;
  const session = sessionRecordSchema.safeParse(parseJson(text)).data;
  if (session === undefined) {
    problems.note('unreadable-record', place, 'A line is not a record and was left out.');
    return;
  }
  if (session.event !== 'ended' || session.escaped === null) return;
  const { frames, dropped, first } = session.escaped;
  if (frames > 0) {
    problems.note(
      'escaped-frame',
      first[0] ?? place,
      'A frame with an address of the lab was seen outside the labs: no trial of this campaign can be trusted.',
    );
  }
  if (dropped !== null && dropped > 0) {
    problems.note(
      'watch-dropped',
      place,
      'The watch outside the labs missed frames: it cannot say that none escaped. The trials stand; where that word is ' +
        'needed, run the campaign again while the machine does less else.',
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
