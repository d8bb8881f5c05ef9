import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { asText, clientCatalogue, clientsPage, faultCatalogue, switchCatalogue } from '../../src/commands/catalogue.ts';
import { clientById, clients } from '../../src/clients/index.ts';
import type { Host } from '../../src/contracts/host.ts';
import { Unsupported } from '../../src/contracts/errors.ts';
import { assertInstalled } from '../../src/harness/labs/installed.ts';

describe('the catalogues', () => {
  it('stand in the documentation as they are printed', async () => {
    const page = await readFile(new URL('../../docs/clients.md', import.meta.url), 'utf8');
    const again = 'it is written by: npm run scenario -- --list --clients --markdown > docs/clients.md';
    assert.equal(page, clientsPage(), again);
  });

  it('tell for each client its version here, or the package that is missing', async () => {
    const absent = { ...clientById('aria2'), needs: [{ command: 'no-such-command', package: 'no-such-package' }] };
    const { rows } = await clientCatalogue([absent, ...clients]);
    const [[, missing] = [], ...others] = rows;
    assert.deepEqual(missing, ['missing: package no-such-package']);
    for (const [id, version] of others)
      assert.match(String(version), /^(dnh)?\d+(\.\d+)+|^missing: package /, String(id));
  });

  it('fit the terminal, and cut nothing off', async () => {
    for (const catalogue of [await clientCatalogue(), switchCatalogue(), faultCatalogue()]) {
      const text = asText(catalogue, 200);
      assert.ok(text.split('\n').every((line) => line.length <= 200));
      const ellipses = (of: string): number => of.split('…').length;
      assert.equal(ellipses(text), ellipses(JSON.stringify(catalogue)));
      for (const row of catalogue.rows) assert.ok(text.includes(String(row[0])));
    }
  });
});

describe('a client whose packages its host lacks', () => {
  const hostWith = (commands: readonly string[]): Host => ({
    name: 'client',
    folder: '/',
    run: ([, ...rest]) => {
      const code = rest.length > 0 && rest.every((each) => commands.includes(each)) ? 0 : 1;
      return Promise.resolve({ status: { code, signal: null }, stdout: '', stderr: '' });
    },
    spawn: () => Promise.reject(new Error('nothing is started here')),
  });

  it('is fine where it needs none', async () => {
    await assertInstalled({ title: 'self-contained', needs: [] }, hostWith([]));
  });

  for (const client of clients.filter(({ needs }) => needs.length > 0)) {
    it(`is unsupported, which names them: ${client.id}`, async () => {
      const [first, ...others] = client.needs;
      await assertInstalled(client, hostWith(client.needs.map(({ command }) => command)));
      await assert.rejects(assertInstalled(client, hostWith(others.map(({ command }) => command))), (error: Error) => {
        assert.ok(error instanceof Unsupported);
        return error.message.endsWith(`it lacks the package ${first?.package}`);
      });
    });
  }
});
