import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

const RECORDS = readdirSync(path.join(SRC, 'harness/records')).map((file) => `harness/records/${file}`);

/** The harness's vocabulary: what a plugin may know of it. Everything else in src/harness knows the plugins. */
const VOCABULARY = ['contracts', 'clock', 'errors', 'reference', 'lines', 'program', 'serve', 'visit', 'wireguard']
  .map((name) => `harness/${name}.ts`)
  .concat(RECORDS);

/** For each room, what it may import besides itself and packages. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  clients: VOCABULARY,
  killswitches: VOCABULARY,
  faults: VOCABULARY,
  probes: VOCABULARY,
  analysis: [...RECORDS, 'harness/clock.ts'],
};

function imports(file: string): string[] {
  const source = ts.preProcessFile(readFileSync(path.join(SRC, file), 'utf8'), true, true);
  return source.importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => path.posix.join(path.posix.dirname(file), name));
}

describe('the rooms of src/', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  for (const [room, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${room} knows only itself and ${allowed === VOCABULARY ? "the harness's vocabulary" : 'the records'}`, () => {
      const own = files.filter((file) => file.startsWith(`${room}/`));
      assert.ok(own.length > 0);
      const strangers = own.flatMap((file) =>
        imports(file)
          .filter((target) => !target.startsWith(`${room}/`) && !allowed.includes(target))
          .map((target) => `${file} imports ${target}`),
      );
      assert.deepEqual(strangers, []);
    });
  }

  it('the vocabulary knows no room and nothing else of the harness but itself', () => {
    const known = [...VOCABULARY, 'harness/durations.ts'];
    const strangers = known.flatMap((file) => imports(file).filter((target) => !known.includes(target)));
    assert.deepEqual(strangers, []);
  });
});
