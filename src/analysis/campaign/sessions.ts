/**
 * What the harness's sessions say against a campaign: a frame of the lab that was seen outside the labs. A campaign
 * without `sessions.jsonl` (an old or an imported one) has nothing said against it.
 */
import { sessionRecordSchema } from '../../records/session.ts';
import { FileRefused, MOST_BYTES, readLines } from './campaign-folder.ts';
import { parsedJson } from './record-lines.ts';
import { Problems } from './problems.ts';

const SESSIONS = 'sessions.jsonl';
const NO_RECORD = 'A line is not a record and was left out.';

export async function readSessions(folder: string): Promise<Problems> {
  const problems = new Problems();
  try {
    for await (const { text, number, tooLong } of readLines(folder, [SESSIONS], MOST_BYTES.sessions)) {
      const place = `${SESSIONS} line ${number}`;
      if (tooLong) problems.note('unreadable-record', place, NO_RECORD);
      else noteSession(text, place, problems);
    }
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    problems.note('unreadable-record', SESSIONS, NO_RECORD);
  }
  return problems;
}

function noteSession(text: string, place: string, problems: Problems): void {
  if (text.trim() === '') return;
  const session = sessionRecordSchema.safeParse(parsedJson(text)).data;
  if (session === undefined) {
    problems.note('unreadable-record', place, NO_RECORD);
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
