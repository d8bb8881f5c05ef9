/** A file that somebody writes to all the while is read as far as it went when it was opened. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLines, readText } from '../../../src/analysis/campaign/campaign-folder.ts';
import { readCapture } from '../../../src/analysis/capture/read-capture.ts';
import { pcap } from '../../kit/frames.ts';

describe('a file that grows while it is read', () => {
  let folder = '';
  let file = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'growing-'));
    file = join(folder, 'file');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives the lines that were there', async () => {
    await writeFile(file, 'one\ntwo\n');
    const lines: string[] = [];
    for await (const { text } of readLines(folder, ['file'], 1000)) {
      lines.push(text);
      appendFileSync(file, 'more\n');
      if (lines.length > 100) break;
    }
    assert.deepEqual(lines, ['one', 'two']);
    assert.equal((await readText(folder, ['file'], 1000))?.length, 'one\ntwo\nmore\nmore\n'.length);
  });

  it('gives the frames that were there', async () => {
    const sent = { atNs: 0, bytes: Buffer.alloc(64) };
    const whole = pcap([sent], { originUnixNs: 0n });
    const record = pcap([sent, sent], { originUnixNs: 0n }).subarray(whole.length);
    await writeFile(file, whole);
    let frames = 0;
    const report = await readCapture(file, null, () => {
      frames++;
      if (frames < 100) appendFileSync(file, record);
    });
    assert.deepEqual(
      [frames, report.fileBytes, report.readBytes, report.broken],
      [1, whole.length, whole.length, null],
    );
  });

  it('gives nothing of an empty one', async () => {
    await writeFile(file, '');
    assert.equal(await readText(folder, ['file'], 1000), '');
    for await (const line of readLines(folder, ['file'], 1000)) assert.fail(line.text);
  });
});
