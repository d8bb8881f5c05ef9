/** The command line: what is asked of every command alike, and what every end is called. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { CommandFailed, EXIT, RequestError, exitOf } from '../src/contracts/errors.ts';
import { CampaignUnreadable } from '../src/analysis/campaign/problems.ts';
import { NotACapture } from '../src/analysis/capture/read-capture.ts';
import { BOOTSTRAP, commandLine } from './kit/command-line.ts';

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
const SCRIPTS = Object.keys(scripts).filter((name) => scripts[name]?.startsWith('node bootstrap.mjs'));

describe('the command line', function () {
  this.timeout(120_000);
  // Whatever has to be compiled is, before anything is looked at.
  before(() => void commandLine('help'));

  for (const name of SCRIPTS) {
    it(`says what ${name} takes, and does nothing else`, () => {
      const { code, out, err } = commandLine(name, '--help');
      assert.equal(code, EXIT.done, err);
      assert.match(out, new RegExp(`^Usage: .*${name}`));
      assert.equal(err, '');
    });
  }

  it('knows each of them, and says so when asked for help', () => {
    const { code, out } = commandLine('help');
    assert.equal(code, EXIT.done);
    for (const name of SCRIPTS) assert.match(out, new RegExp(`^  ${name} `, 'm'));
    assert.deepEqual(commandLine('--help'), { code: EXIT.done, out, err: '' });
    assert.deepEqual(commandLine('help', 'sweep'), commandLine('sweep', '--help'));
  });

  it('says its version', () => {
    assert.match(commandLine('--version').out, /^\d+\.\d+\.\d+\n$/);
  });

  it('suggests the nearest name for one that it does not know, with or without a word more', () => {
    for (const argv of [['scenaro'], ['scenaro', '--help'], ['scenaro', 'quickstart']]) {
      const { code, out, err } = commandLine(...argv);
      assert.equal(code, EXIT.cannotRun);
      assert.match(err, /scenaro.*\n.*Did you mean scenario\?/);
      assert.equal(out, '');
    }
  });

  it('refuses what makes no sense with exit code 2, and says what is allowed', () => {
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [['scenario', 'quickstart', '--trials', '99999999999'], /«?99999999999.*1 to 100000/],
      [['scenario', 'quickstart', '--trials', '1e3'], /whole number/],
      [['scenario', 'quickstart', '--jobs', '99999999999'], /1 to 1000/],
      [['scenario', 'quickstart', '--seed', '99999999999'], /0 to 4294967295/],
      [['scenario', 'persistence', '--horizon', '600h'], /at most 96h/],
      [['scenario', 'leak-matrix', '--trials', '100000', '--dry-run'], /more than 1000000/],
      [['scenario', '--no-such-option'], /unknown option/],
      [['sweep', 'something'], /too many arguments/],
      [['bench', 'nothing'], /No bench «nothing»\. Known: /],
      [
        ['classify', '/nowhere', '--client', 'x', '--tunnel', '10.8.0.2', '--endpoint', '192.0.2.1:1'],
        /x. is not an IP address/,
      ],
      [['figures', '/nowhere'], /\/nowhere.*name that folder/],
      [['paper', '/nowhere'], /no campaign in \/nowhere/],
    ];
    for (const [argv, message] of wrong) {
      const { code, err } = commandLine(...argv);
      assert.match(err, message);
      assert.equal(code, EXIT.cannotRun, argv.join(' '));
      assert.doesNotMatch(err, /^ +at /m, 'a stack is for what is wrong with the program');
    }
  });
});

describe('a shell that lets a process open few files', () => {
  it('is refused before anything is begun, with the command that raises the limit', () => {
    const { status, stderr } = spawnSync('prlimit', ['--nofile=64:64', process.execPath, BOOTSTRAP, 'scenario', 'ci'], {
      encoding: 'utf8',
    });
    assert.equal(status, EXIT.cannotRun);
    assert.match(stderr, /open 64 files; 256 are needed.*ulimit -n 1024/s);
  });

  it('is refused for more labs than it has files for, with the number that it has', () => {
    const few = ['--nofile=300:300', process.execPath, BOOTSTRAP, 'scenario', 'ci', '--jobs', '100'];
    const { status, stderr } = spawnSync('prlimit', few, { encoding: 'utf8' });
    assert.equal(status, EXIT.cannotRun);
    assert.match(stderr, /100 labs side by side take 928 open files.*300.*--jobs 21/s);
  });
});

describe('an error that ends a command', () => {
  const ofTheSystem = (code: string, path: string | undefined): Error =>
    Object.assign(new Error(code), { code, ...(path !== undefined && { path }) });

  it('is exit code 2 where the request was wrong, a path or a disk included', () => {
    const wrong = [
      new RequestError('no'),
      new CampaignUnreadable('no'),
      new NotACapture('no'),
      ofTheSystem('ENOENT', '/nowhere'),
      ofTheSystem('ENOSPC', '/full'),
    ];
    for (const error of wrong) assert.equal(exitOf(error), EXIT.cannotRun, error.name);
  });

  it('is exit code 3 where the harness failed: a fault in it, a program of the lab, no descriptor left', () => {
    const failed = [
      new TypeError('x is not a function'),
      new CommandFailed('client', ['ip', 'link'], { code: 1, signal: null }, ''),
      ofTheSystem('EMFILE', '/some/file'),
      ofTheSystem('ENOENT', undefined),
      'not even an error',
    ];
    for (const error of failed) assert.equal(exitOf(error), EXIT.harnessFailed);
  });
});
