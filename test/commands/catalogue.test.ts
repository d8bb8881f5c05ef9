import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clientCatalogue, clientsPage, faultCatalogue, switchCatalogue } from '../../src/commands/catalogue.ts';
import { layOut } from '../../src/commands/text-table.ts';
import { clientById, clients } from '../../src/clients/index.ts';
import type { Host } from '../../src/contracts/host.ts';
import { Unsupported } from '../../src/contracts/errors.ts';
import { INFRASTRUCTURE } from '../../src/probes/infrastructure/index.ts';
import { assertInstalled } from '../../src/harness/labs/installed.ts';
import { SYSTEM_PATH, missing } from '../../src/harness/labs/provision.ts';

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
      const text = layOut(catalogue, 200);
      assert.ok(text.split('\n').every((line) => line.length <= 200));
      const ellipses = (of: string): number => of.split('…').length;
      assert.equal(ellipses(text), ellipses(JSON.stringify(catalogue)));
      for (const row of catalogue.rows) assert.ok(text.includes(String(row[0])));
    }
  });
});

/** Host that is this machine: what is asked runs where provisioning looked. */
const here: Host = {
  name: 'client',
  folder: '/',
  run: ([program, ...args]) =>
    new Promise((resolve) => {
      execFile(program, args, { env: { PATH: SYSTEM_PATH.join(':') } }, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 1);
        resolve({ status: { code, signal: null }, stdout, stderr });
      });
    }),
  spawn: () => Promise.reject(new Error('nothing is started here')),
};

describe('a client whose packages its host lacks', () => {
  const ABSENT = { command: 'no-such-command', package: 'no-such-package' };

  it('is fine where it needs none', async () => {
    await assertInstalled({ title: 'self-contained', needs: [] }, here);
  });

  it('is an error that names them, and never unsupported, which a plugin alone declares', async () => {
    for (const absent of [ABSENT, { ...ABSENT, command: '/no/such/folder' }]) {
      const needs = [{ command: 'sh', package: 'dash' }, absent, { command: '/etc', package: 'base-files' }];
      await assert.rejects(assertInstalled({ title: 'Pretender', needs }, here), (error: Error) => {
        assert.ok(!(error instanceof Unsupported));
        assert.match(
          error.message,
          /^Pretender is not installed on client, .*: install the package no-such-package there/,
        );
        assert.ok(error.message.includes(`«${absent.command}»`) && !error.message.includes('«sh»'));
        return true;
      });
    }
  });

  it('is not one whose package provisioning has found: a folder, a file that nobody runs, a command', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'needs-'));
    try {
      const file = path.join(folder, 'data');
      await writeFile(file, '', { mode: 0o600 });
      for (const command of [folder, file, 'sh']) {
        const needs = [{ command, package: 'any' }];
        assert.deepEqual(missing(needs), [], command);
        await assertInstalled({ title: command, needs }, here);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  for (const { id, title, needs } of [...clients, ...INFRASTRUCTURE]) {
    it(`is the same to provisioning and to a trial: ${id}`, async () => {
      const found = await assertInstalled({ title, needs }, here).then(
        () => true,
        () => false,
      );
      assert.equal(found, missing(needs).length === 0);
    });
  }
});
