/** What runs is build/, made from src/ by the bootstrap: what the compiler could get wrong without a word. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../build/current/', import.meta.url));

describe('build/', () => {
  it('imports no source file: the compiler leaves the name of one in place inside a function with `await using`', () => {
    const compiled = readdirSync(BUILD, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
    assert.ok(compiled.length > 0, 'nothing is compiled: npm test does so before it starts mocha');
    const wrong = compiled.filter((file) =>
      /(?:from |import\()['"]\.[^'"]+\.ts['"]/.test(readFileSync(path.join(BUILD, file), 'utf8')),
    );
    assert.deepEqual(wrong, []);
  });
});
