/** Work in a folder whose owner is not to be trusted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  filesIn,
  makeFolder,
  namesIn,
  placeFile,
  readFileIn,
  readPart,
  watchFolder,
} from '../../src/contracts/guest-folder.ts';
import { LogFile } from '../../src/clients/log-file.ts';

let base = '';
let guest = '';
let outside = '';
const at = (name: string): string => path.join(guest, name);

const untouched = (): void => {
  const secret = path.join(outside, 'secret');
  assert.deepEqual(fs.readdirSync(outside), ['secret']);
  assert.equal(fs.readFileSync(secret, 'utf8'), 'secret');
  assert.equal(fs.statSync(secret).mode & 0o777, 0o600);
};

/** Makes a guest's folder, and one outside it, for each test. */
function hasGuestFolder(): void {
  beforeEach(() => {
    base = fs.mkdtempSync(path.join(tmpdir(), 'guest-'));
    guest = path.join(base, 'state');
    outside = path.join(base, 'outside');
    fs.mkdirSync(guest, { mode: 0o755 });
    fs.mkdirSync(outside);
    fs.writeFileSync(path.join(outside, 'secret'), 'secret', { mode: 0o600 });
  });
  afterEach(() => fs.rmSync(base, { recursive: true }));
}

describe('a folder that a guest owns', () => {
  hasGuestFolder();

  it('gets a new file in the place of a link, a hard link and a pipe', () => {
    fs.symlinkSync(path.join(outside, 'secret'), at('link'));
    fs.linkSync(path.join(outside, 'secret'), at('hard'));
    execFileSync('mkfifo', [at('pipe')]);
    for (const name of ['link', 'hard', 'pipe']) {
      placeFile(guest, name, 'settings');
      assert.ok(fs.lstatSync(at(name)).isFile());
      assert.equal(fs.readFileSync(at(name), 'utf8'), 'settings');
    }
    untouched();
  });

  it('is not left through a link in the place of a folder, however deep: that is an error, and nothing to read', () => {
    fs.symlinkSync(outside, at('one'));
    fs.mkdirSync(at('two'));
    fs.symlinkSync(outside, at('two/three'));
    fs.symlinkSync(path.join(outside, 'nowhere'), at('dangling'));
    for (const folder of ['one', 'two/three', 'dangling']) {
      assert.throws(() => placeFile(guest, `${folder}/secret`, 'x'), /is not a folder: the client put it there/);
      assert.throws(() => makeFolder(guest, `${folder}/more`), /is not a folder/);
      assert.throws(() => makeFolder(guest, folder, 0o777), /is not a folder/);
      assert.deepEqual(namesIn(guest, folder), []);
      assert.equal(filesIn(guest, folder), null);
      assert.equal(readFileIn(guest, `${folder}/secret`), null);
      assert.equal(
        watchFolder(guest, folder, () => undefined),
        null,
      );
    }
    assert.deepEqual(filesIn(guest, '.'), []);
    untouched();
  });

  it('that has become a link itself is an error, and so is a path that leads out of it', () => {
    fs.rmdirSync(guest);
    fs.symlinkSync(outside, guest);
    assert.throws(() => placeFile(guest, 'secret', 'x'), /is not a folder/);
    assert.throws(() => namesIn(guest, '.'), /is not a folder/);
    assert.throws(() => readFileIn(guest, '../outside/secret'), /is not a path below it/);
    assert.throws(() => readFileIn(guest, path.join(outside, 'secret')), /is not a path below it/);
    untouched();
  });
});

describe('what is read in a folder that a guest owns', () => {
  hasGuestFolder();

  it('is read in regular files of its owner alone, without waiting', function () {
    if (process.getuid?.() !== 0) this.skip(); // two owners take root
    fs.writeFileSync(at('own'), 'own');
    for (const each of [guest, at('own')]) fs.chownSync(each, 65534, 65534);
    fs.symlinkSync(path.join(outside, 'secret'), at('link'));
    fs.linkSync(path.join(outside, 'secret'), at('hard'));
    execFileSync('mkfifo', [at('pipe')]);
    assert.equal(readFileIn(guest, 'own')?.toString(), 'own');
    for (const name of ['link', 'hard', 'pipe', '.', 'absent']) assert.equal(readFileIn(guest, name), null, name);
    for (const name of ['link', 'hard', 'pipe', 'absent']) assert.equal(filesIn(guest, name), null, name);
    makeFolder(guest, 'made/in');
    placeFile(guest, 'made/in/file', 'x');
    for (const name of ['made', 'made/in', 'made/in/file']) assert.equal(fs.statSync(at(name)).uid, 65534, name);
  });

  it('is not read where a file is of a terabyte, and its log from near the end', () => {
    fs.writeFileSync(at('log'), '');
    const log = new LogFile(guest, 'log');
    fs.truncateSync(at('log'), 2 ** 40);
    fs.appendFileSync(at('log'), '\nthe last words\n');
    assert.throws(() => readFileIn(guest, 'log'), /has 1099511627792 bytes to read; at most 67108864 are read/);
    assert.equal(readPart(guest, 'log', ({ size }) => size - 6)?.bytes.toString(), 'words\n');
    const lines: string[] = [];
    log.follow((line) => lines.push(line));
    log.close();
    assert.equal(lines.at(-1), 'the last words');
    assert.ok(lines.every((line) => line.length <= 16_384));
  });

  it('has its log followed as its own file: a link or a pipe in its place says nothing', () => {
    fs.writeFileSync(at('log'), 'before\n');
    const log = new LogFile(guest, 'log');
    const lines: string[] = [];
    log.follow((line) => lines.push(line));
    fs.rmSync(at('log'));
    fs.symlinkSync(path.join(outside, 'secret'), at('log'));
    log.close();
    assert.deepEqual(lines, []);
  });
});
