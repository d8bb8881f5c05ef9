/** Every benchmark says beforehand which commands it starts, and in which packages they are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { BENCHES } from '../../src/bench/index.ts';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const STARTERS = new Set(['run', 'spawn', 'spawnSync', 'execFile', 'execFileSync', 'promisify(execFile)', 'fork']);
/** Package bash is essential: every Debian has it. */
const EVERYWHERE = new Set(['bash']);
/** Commands of the lab in containers are in its images. */
const IN_IMAGES = new Set(['docker']);

interface Starting {
  readonly command: string;
  readonly where: string;
}

/** The file of `src/bench/` that exports the benchmark. */
const fileOf = (name: string): string => {
  const index = readFileSync(path.join(SRC, 'bench/index.ts'), 'utf8');
  const constant = new RegExp(`^  ${name}: (\\w+),$`, 'm').exec(index)?.[1] ?? assert.fail(`no bench ${name}`);
  const from = new RegExp(`import \\{ ${constant} \\} from './(.*)';`).exec(index)?.[1];
  return path.join('bench', from ?? assert.fail(`${constant} is not imported`));
};

/** A file, those of its room that it imports, and the programs of its room that it starts. */
function roomOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(path.join(SRC, file), 'utf8');
  for (const [, imported, started] of text.matchAll(/from '\.\/(.*)\.ts'|compiled\('bench\/(.*)'\)/g))
    roomOf(`bench/${imported ?? started ?? ''}.ts`, seen);
  return seen;
}

/** The commands that a file starts by name. */
function startedIn(file: string): Starting[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Starting[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const { expression, arguments: given } = node;
      const callee = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
      const first = given[0] !== undefined && ts.isArrayLiteralExpression(given[0]) ? given[0].elements[0] : given[0];
      if (STARTERS.has(callee) && first !== undefined && ts.isStringLiteral(first))
        found.push({ command: first.text, where: file });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the needs of a benchmark', () => {
  for (const [name, bench] of Object.entries(BENCHES).filter(([each]) => !IN_IMAGES.has(each))) {
    it(`${name}: every command that it starts, with its package`, async () => {
      const needs = await bench.needs();
      const starting = [...roomOf(fileOf(name))].flatMap(startedIn);
      const unsaid = starting.filter(
        ({ command }) => !EVERYWHERE.has(command) && !needs.some((need) => need.command === command),
      );
      assert.deepEqual(unsaid, []);
      for (const need of needs) assert.match(need.package, /^[a-z0-9][a-z0-9.+-]+$/, need.command);
    });
  }

  it('are those of the peers, of the lab and of the clients', async () => {
    const commandsOf = async (name: string): Promise<string[]> =>
      ((await BENCHES[name]?.needs()) ?? assert.fail(name)).map(({ command }) => command);
    assert.deepEqual(await commandsOf('classification'), ['tcpdump', 'tshark']);
    assert.ok((await commandsOf('lab')).includes('ping'));
    assert.ok((await commandsOf('moments')).some((command) => command.includes('qbittorrent')));
    assert.ok((await commandsOf('campaign')).some((command) => command.includes('transmission')));
  });
});
