/** A stranger's results folder is data: nothing in it leads out of it, holds a command up, or speaks to the terminal. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { spoken, type Spoken } from '../kit/spoken.ts';
import { MANIFEST, RECORDS, writeStrangeCampaign } from '../kit/strange-campaign.ts';

const SECRET = 'ksl-secret-of-the-reader';
const CONTROL = /[\0-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const [FIRST] = RECORDS.map(({ trial }) => trial);
const OWN = `trials/${FIRST!}`;
/** Files that the analysis opens, and what analyze says of a campaign that has something else there. */
const FILES: readonly (readonly [file: string, code: number, said: RegExp])[] = [
  ['manifest.json', 2, /manifest\.json/],
  ['trials.jsonl', 2, /trials\.jsonl/],
  ['sessions.jsonl', 0, /sessions\.jsonl/],
  [`${OWN}/timeline.jsonl`, 0, /unreadable-timeline.*timeline\.jsonl/],
  [`${OWN}/uplink.pcapng`, 0, /unreadable-capture.*uplink\.pcapng/],
  [`${OWN}/wan.pcapng`, 0, /unreadable-capture.*wan\.pcapng/],
];
const FIVE_GB = 5e9;

let parent = '';
let folder = '';
let outside = '';

/** Puts what `make` makes where `file` was. */
const replace = async (file: string, make: (path: string) => unknown): Promise<void> => {
  await rm(join(folder, file), { recursive: true, force: true });
  await make(join(folder, file));
};

const quiet = ({ out, err }: Spoken): void => {
  assert.doesNotMatch(out + err, CONTROL);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:html|json|csv|svg|md|xml)$/.test(name) || !lstatSync(join(folder, name)).isFile()) continue;
    if (lstatSync(join(folder, name)).size === FIVE_GB) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    assert.ok(!text.includes(SECRET), `${name} has what is outside the folder`);
  }
};

/** Paths of all texts and numbers in a value. */
const leavesOf = (value: unknown, path: readonly string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
    : typeof value === 'string' || typeof value === 'number'
      ? [[...path]]
      : [];

/** The value with something else at the place. */
const changed = (value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown => {
  if (key === undefined) return other;
  if (Array.isArray(value))
    return value.map((inner: unknown, at) => (String(at) === key ? changed(inner, rest, other) : inner));
  const entries: [string, unknown][] = Object.entries(value ?? {});
  return Object.fromEntries(entries.map(([name, inner]) => [name, name === key ? changed(inner, rest, other) : inner]));
};

const hostile = fc.oneof(
  fc.constantFrom(0, -1, 1e308, -1e308, 2 ** 63, 2 ** 53, 2 ** 53 - 1, 2 ** 31, -(2 ** 53), 1e-308, 0.1, 6e14, -6e14),
  fc.constantFrom('../../etc', '__proto__', '\u001b]0;x\u0007', '\u202ex', '=1+1', '"><script>', '\ud800', ''),
  fc.constantFrom('$&', '\n# forged', '`|`', ']]>', 'x'.repeat(100_000), '\uffff', "' + datum['", '{{a}}', '__x\0y'),
  fc.string({ unit: 'binary' }),
  fc.constant(null),
  fc.double(),
);

/** Gives each test a folder of a stranger's, and a folder outside it. */
function hasStrangeFolder(): void {
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'strange-'));
    [folder, outside] = [join(parent, 'campaign'), join(parent, 'outside')];
    await mkdir(outside);
    await writeStrangeCampaign(folder);
  });
  afterEach(() => rm(parent, { recursive: true }));
}

describe('a results folder of a stranger', function () {
  this.timeout(240_000);
  hasStrangeFolder();

  const kinds: Readonly<Record<string, (path: string) => unknown>> = {
    'a link': async (path) => {
      await writeFile(join(outside, 'secret'), `${SECRET}\n`);
      await symlink(join(outside, 'secret'), path);
    },
    'a FIFO': (path) => execFileSync('mkfifo', [path]),
    'a folder': (path) => mkdir(path),
    'five gigabytes of nothing': async (path) => {
      await using file = await open(path, 'w');
      await file.truncate(FIVE_GB);
    },
  };
  for (const [kind, make] of Object.entries(kinds)) {
    it(`with ${kind} in a file's place is named, and the rest is used`, async () => {
      for (const [file, code, said] of FILES) {
        await rm(folder, { recursive: true });
        await writeStrangeCampaign(folder);
        await replace(file, make);
        const result = await spoken('analyze', folder);
        assert.equal(result.code, code, `${file}: ${result.err}`);
        assert.match(result.err, said, file);
        quiet(result);
        if (code === 0) assert.match(await readFile(join(folder, 'trials.csv'), 'utf8'), new RegExp(FIRST!));
        await rm(join(folder, file), { recursive: true });
      }
    });
  }

  it('with a link for a folder on the way is not followed, to read or to write', async () => {
    for (const way of ['trials', OWN]) {
      await rm(folder, { recursive: true });
      await writeStrangeCampaign(folder);
      await rename(join(folder, way), join(outside, 'moved'));
      await symlink(join(outside, 'moved'), join(folder, way));
      const result = await spoken('analyze', folder);
      assert.equal(result.code, 0, result.err);
      assert.match(result.err, /unreadable-capture.*\n.*symbolic link/);
      await rm(join(outside, 'moved'), { recursive: true });
    }
    await replace('figures', (path) => symlink(outside, path));
    for (const command of ['analyze', 'figures'] as const) {
      const result = await spoken(command, folder);
      assert.equal(result.code, 2);
      assert.match(result.err, /figures is a symbolic link/);
    }
    assert.deepEqual(readdirSync(outside), []);
  });

  it('with a link where a result goes loses the link and leaves alone what it led to', async () => {
    const baseline = join(parent, 'baseline.json');
    await mkdir(join(folder, 'figures'));
    const results = [
      ...['summary.json', 'summary.schema.json', 'trials.csv', 'trials.parquet', 'report.html'],
      ...['figures/matrix.svg', 'figures/matrix.png', 'regress.md', 'regress.junit.xml'],
    ];
    const target = join(outside, 'precious');
    await writeFile(target, SECRET);
    for (const result of results) await replace(result, (path) => symlink(target, path));
    assert.equal((await spoken('analyze', folder)).code, 0);
    assert.equal((await spoken('regress', folder, '--baseline', baseline, '--update', '--reason', 'x')).code, 0);
    await spoken('regress', folder, '--baseline', baseline);
    assert.equal(await readFile(target, 'utf8'), SECRET);
    for (const result of results) assert.notEqual(readFileSync(join(folder, result), 'utf8'), SECRET, result);
  });
});

describe('a stranger’s baseline, capture, manifest and records', function () {
  this.timeout(240_000);
  hasStrangeFolder();

  it('with a baseline that is no file is refused', async () => {
    const baseline = join(parent, 'baseline.json');
    execFileSync('mkfifo', [baseline]);
    const result = await spoken('regress', folder, '--baseline', baseline);
    assert.equal(result.code, 2);
    assert.match(result.err, /baseline\.json is a FIFO/);
  });

  it('that names a capture beside a FIFO holds classify up for no moment', async () => {
    const fifo = join(parent, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const who = ['--client', '192.168.1.2', '--tunnel', '10.8.0.2', '--endpoint', '198.51.100.10:51820'];
    assert.match((await spoken('classify', fifo, ...who)).err, /is a FIFO/);
    const input = await spoken('classify', '-', ...who);
    assert.equal(input.code, 2);
    assert.match(input.err, /«-».*save the capture to a file/);
  });

  it('says what is wrong with an empty manifest', async () => {
    await writeFile(join(folder, 'manifest.json'), '');
    assert.match((await spoken('analyze', folder)).err, /manifest\.json cannot be read \(it is empty\)/);
  });

  it('with lines that are no records, anywhere, keeps every record that is whole', async () => {
    const lines = RECORDS.map((record) => JSON.stringify(record));
    const torn = lines[1]!.slice(0, 700);
    const deep = `${'[{"a":'.repeat(100_000)}1`;
    const long = `{"version":1,"x":[${'0,'.repeat(1_000_000)}0]}`;
    const proto = '{"version":1,"__proto__":{"trial":"x"},"constructor":1}';
    const vast = 'x'.repeat(9 * 2 ** 20);
    const file = [lines[0], torn + lines[1]!, deep, long, proto, vast, '', ...lines.slice(2), lines[0], torn].join(
      '\n',
    );
    await writeFile(join(folder, 'trials.jsonl'), file);
    const result = await spoken('analyze', folder);
    assert.equal(result.code, 0, result.err);
    const csv = await readFile(join(folder, 'trials.csv'), 'utf8');
    for (const { trial } of RECORDS) assert.ok(csv.includes(trial), `${trial} was lost`);
    assert.match(result.err, /torn-last-line, 1 /);
    assert.match(result.err, /duplicate-trial, 1 /);
    assert.match(result.err, /unreadable-record, 3 .*line 2.*line 3.*line 6/);
    assert.match(result.err, /invalid-record, 2 /);
  });

  it('with nothing in it that can be used ends with code 2', async () => {
    await writeFile(join(folder, 'trials.jsonl'), 'no record\n');
    assert.equal((await spoken('analyze', folder)).code, 2);
  });
});

describe('a stranger’s campaign with any value anywhere', function () {
  this.timeout(240_000);
  hasStrangeFolder();

  it('with any text or number anywhere in a record does neither throw nor hang nor speak to the terminal', async () => {
    const measured = RECORDS.findIndex(({ measures }) => measures !== null);
    const place = fc.constantFrom(...leavesOf(RECORDS[measured]));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(place, hostile), { minLength: 1, maxLength: 3 }), async (changes) => {
        const strange = changes.reduce<unknown>(
          (value, [path, other]) => changed(value, path, other),
          RECORDS[measured],
        );
        await writeStrangeCampaign(
          folder,
          RECORDS.map((record, at) => (at === measured ? strange : record)),
        );
        const result = await spoken('analyze', folder, '--sealed');
        assert.equal(result.code, 0, result.err);
        quiet(result);
        assert.doesNotMatch(await readFile(join(folder, 'report.html'), 'utf8'), CONTROL);
      }),
      { numRuns: Number(process.env['KSL_STRANGE_RUNS'] ?? 12), endOnFailure: true },
    );
  });

  it('with any text or number anywhere in its manifest is used or refused in words', async () => {
    const place = fc.constantFrom(...leavesOf(MANIFEST));
    await fc.assert(
      fc.asyncProperty(place, hostile, async (path, other) => {
        await writeFile(join(folder, 'manifest.json'), JSON.stringify(changed(MANIFEST, path, other)));
        const result = await spoken('analyze', folder, '--sealed');
        assert.ok(result.code === 0 || result.err.includes('is not a manifest'), result.err);
        quiet(result);
      }),
      { numRuns: Number(process.env['KSL_STRANGE_RUNS'] ?? 12), endOnFailure: true },
    );
  });

  it('with names that are properties of every object is used like any other', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'then']) {
      const named = { ...MANIFEST.scenario.cells[0], client: name, killSwitch: name, fault: name, moment: name };
      await writeStrangeCampaign(
        folder,
        RECORDS.map((record) => ({ ...record, cell: named })),
      );
      const scenario = { ...MANIFEST.scenario, cells: [named], mustNotLeak: [name] };
      await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...MANIFEST, scenario }));
      const result = await spoken('analyze', folder, '--sealed');
      assert.equal(result.code, 0, `${name}: ${result.err}`);
      assert.match(await readFile(join(folder, 'figures', 'matrix.svg'), 'utf8'), new RegExp(`>«${name}»<`));
    }
  });

  it('with a thousand clients, kill switches or faults is drawn as far as can be, and says so', async () => {
    const [one] = MANIFEST.scenario.cells;
    for (const kind of ['client', 'killSwitch', 'fault']) {
      const more = Array.from({ length: 1000 }, (_, at) => ({ ...one, [kind]: `name-${at}` }));
      const scenario = { ...MANIFEST.scenario, cells: [...MANIFEST.scenario.cells, ...more] };
      await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...MANIFEST, scenario }));
      const result = await spoken('analyze', folder, '--sealed');
      assert.equal(result.code, 0, `${kind}: ${result.err}`);
      const report = await readFile(join(folder, 'report.html'), 'utf8');
      assert.match(report, /the first 100 of 100\d (?:clients|kill switches|faults)/);
      assert.ok(report.includes('>name-999<'), 'the table has all');
    }
  });

  it('leaves no file of its own beside the results', async () => {
    await spoken('analyze', folder);
    assert.ok(existsSync(join(folder, 'report.html')));
    assert.deepEqual(
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.new')),
      [],
    );
  });
});
