/** `npm run scenario` up to its first lab: what is listed, planned and refused. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXIT } from '../../src/contracts/errors.ts';
import { writeSyntheticCampaign } from '../../src/bench/synthetic.ts';
import { spoken } from '../kit/spoken.ts';

const SOUND = `title: A title
hypothesis: Something
clients: [transmission]
killSwitches: [none]
faults: [link-down]
trials: 2
`;

let base = '';

/** Gives the tests of a description a folder. */
function hasFolder(): void {
  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'ksl-planned-'));
  });
  after(() => rm(base, { recursive: true }));
}

describe('what npm run scenario refuses before any lab is opened', () => {
  hasFolder();

  /** Each: arguments of the command, and what it says. */
  const REFUSED: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
    [[], /^Which scenario\? Known: .*quickstart.*npm run scenario quickstart/],
    [['quickstrat'], /No scenario «quickstrat»\. Known: .*quickstart.*ends in \.yaml/],
    [['/nowhere/mine.yaml'], /«\/nowhere\/mine\.yaml» cannot be read/],
    [['quickstart', '--client', 'nobody'], /no torrent client «nobody»\. Known clients: .*transmission/],
    [['quickstart', '--client', 'transmission,'], /names separated by commas/],
    [['quickstart', '--switch', 'nonesuch'], /no kill switch «nonesuch»\. Known: none, /],
    [['quickstart', '--switch', 'app-kill(pol=1s)'], /pol/],
    [['quickstart', '--fault', 'rain'], /no fault «rain»\. Known: none, link-down, /],
    [['quickstart', '--horizon', '1h'], /does not ask the swarm afterwards: leave out --horizon/],
    [['quickstart', '--lab', 'moon'], /Allowed choices are netns, docker, auto/],
    [['quickstart', '--plan-for', 'x'], /a share such as 1%/],
    [['--resume', '/nowhere'], /\/nowhere\/manifest\.json cannot be read.*name that folder/],
    [['--resume', '/nowhere', '--trials', '3', '--client', 'aria2'], /as it was: leave out --client, --trials/],
    [['stack', '--lab', 'netns'], /A stack runs in containers of its own: leave out --lab netns/],
    [['quickstart', '--client-image', 'debian', '--lab', 'netns'], /leave out --lab netns/],
  ];
  for (const [argv, says] of REFUSED) {
    it(`refuses «${argv.join(' ')}» with exit code 2, and makes nothing`, async () => {
      const out = path.join(base, 'never');
      const isNew = !argv.includes('--resume');
      const { code, err } = await spoken('scenario', ...argv, ...(isNew ? ['--out', out] : []));
      assert.match(err, says);
      assert.equal(code, EXIT.cannotRun);
      assert.ok(!existsSync(out));
    });
  }

  const WRONG: readonly (readonly [what: string, source: string, says: RegExp])[] = [
    ['a moment that is none', `${SOUND}moments: [soon]\n`, /«soon» is not a moment\. Allowed: /],
    ['a field that is none', `${SOUND}colour: red\n`, /wrong\.yaml:7: colour: not a field here; allowed: title, /],
    ['a client that is none', SOUND.replace('transmission', 'nobody'), /no torrent client «nobody»/],
    ['a switch that is none', SOUND.replace('none', 'nonesuch'), /no kill switch «nonesuch»/],
    ['a fault that is none', SOUND.replace('link-down', 'rain'), /no fault «rain»/],
    ['a name given twice', SOUND.replace('none', 'none, none'), /wrong\.yaml:4: .*«none» is named twice/],
    ['no hypothesis', SOUND.replace(/^hypothesis.*\n/m, ''), /hypothesis/],
    ['what is no YAML', '{{{', /wrong\.yaml/],
  ];
  for (const [what, source, says] of WRONG) {
    it(`refuses a scenario with ${what} when it is planned`, async () => {
      const file = path.join(base, 'wrong.yaml');
      await writeFile(file, source);
      const { code, err, out } = await spoken('scenario', file, '--dry-run');
      assert.match(err, says);
      assert.deepEqual([code, out], [EXIT.cannotRun, '']);
    });
  }
});

describe('what npm run scenario says before any lab is opened', () => {
  hasFolder();

  it('refuses to begin a campaign where there is one, and names both ways on', async () => {
    const folder = path.join(base, 'standing');
    await writeSyntheticCampaign(folder);
    const before = await readdir(folder);
    const { code, err } = await spoken('scenario', 'quickstart', '--out', folder);
    assert.equal(code, EXIT.cannotRun);
    assert.match(err, /holds a campaign already\. To go on with it: --resume .*; for a new one give another --out/);
    assert.deepEqual(await readdir(folder), before);
  });

  it('prints a plan with every trial, the same one for the same seed, and makes nothing', async () => {
    const out = path.join(base, 'dry');
    const plan = (seed: string): Promise<string> =>
      spoken('scenario', 'quickstart', '--trials', '2', '--dry-run', '--seed', seed, '--out', out).then(
        ({ out: said }) => said,
      );
    const first = await plan('1');
    assert.match(
      first,
      /^(?:\d{4}-\S+(?: {2}\([a-z, ]+\))?\n){48}24 cells x 2 trials, \d+ at a time: 48 trials, about .*\.\n$/,
    );
    assert.equal(first.match(/^\d{4}-\S+ {2}\((?:control, )?placebo\)$/gm)?.length, 24);
    assert.equal(first.match(/^\d{4}-\S+ {2}\(control\)$/gm)?.length, 6);
    assert.equal(await plan('1'), first);
    assert.notEqual(await plan('2'), first);
    assert.ok(!existsSync(out));
  });

  it('says how many trials a bound takes, and the option that runs them', async () => {
    const { code, out } = await spoken('scenario', 'quickstart', '--plan-for', '1%');
    assert.equal(code, EXIT.done);
    assert.match(out, /takes 299 judged trials.*--trials 299/s);
  });

  it('lists the scenarios', async () => {
    const { code, out } = await spoken('scenario', '--list');
    assert.equal(code, EXIT.done);
    assert.match(out, /^quickstart +\S/m);
  });
});
