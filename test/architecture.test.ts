/** src/ is a house with floors (test/floors.ts): no import goes upwards, or next door. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { FLOORS } from './floors.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** Declarations of packages that bring none: no code, and anybody's. */
const TYPES = 'types/';

/** The room that a file of src/ is in; null for one that no floor has. */
function roomOf(file: string): string | null {
  return FLOORS.flat().find((room) => file === room || file.startsWith(`${room}/`)) ?? null;
}

const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));

function imports(file: string): string[] {
  const source = ts.preProcessFile(readFileSync(path.join(SRC, file), 'utf8'), true, true);
  return source.importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => path.posix.join(path.posix.dirname(file), name));
}

describe('the floors of src/', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith(TYPES),
  );

  it('every file is on one', () => {
    assert.deepEqual(
      files.filter((file) => roomOf(file) === null),
      [],
    );
  });

  for (const room of FLOORS.flat()) {
    it(`${room} imports itself and what is below it`, () => {
      const own = files.filter((file) => roomOf(file) === room);
      assert.ok(own.length > 0, `${room} is empty: take it off the list`);
      const astray = own.flatMap((file) =>
        imports(file)
          .filter((target) => {
            const there = roomOf(target);
            return there === null || (there !== room && floorOf(there) <= floorOf(room));
          })
          .map((target) => `${file} imports ${target}`),
      );
      assert.deepEqual(astray, []);
    });
  }
});

describe('what has one home in src/', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  for (const [what, pattern, home] of [
    [
      'nanoseconds and microseconds of a second',
      /\b(1e9|1e6|1_000_000_000n?|1_000_000n)\b|_NS = 1_000_000\b/,
      'records/units.ts',
    ],
    ['the magic numbers of pcap', /0xa1b2(c3d4|3c4d)|0xd4c3b2a1|0x4d3cb2a1/i, 'records/pcap.ts'],
    ['EtherTypes', /0x0800\b|0x0806\b|0x86dd\b|0x88cc\b/i, 'records/protocols.ts'],
    ['protocol numbers of IP', /\btcp: 6, udp: 17\b/, 'records/protocols.ts'],
  ] as const) {
    it(what, () => {
      const lines = files.flatMap((file) =>
        readFileSync(path.join(SRC, file), 'utf8')
          .split('\n')
          .filter((line) => pattern.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      );
      assert.ok(lines.some((line) => line.startsWith(`${home}:`)));
      const astray = lines.filter((line) => !line.startsWith(`${home}:`));
      assert.deepEqual(astray, [], `import it from ${home}`);
    });
  }
});
