import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RequestError } from '../../../src/contracts/errors.ts';
import { filledIn, readCompose } from '../../../src/harness/labs/docker/compose.ts';
import { makePlan, restrict } from '../../../src/harness/campaign/plan.ts';
import { loadScenario } from '../../../src/harness/campaign/scenario.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/stack/', import.meta.url));

describe('a stack of the user’s own', () => {
  let folder = '';
  before(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'compose-'))));
  after(() => rm(folder, { recursive: true }));

  async function refused(services: string, pattern: RegExp): Promise<void> {
    await writeFile(path.join(folder, 'compose.yaml'), `services:\n${services}`);
    const field = { file: 'compose.yaml', client: 'c', vpn: 'v', device: 'wg0' };
    await assert.rejects(readCompose(field, folder), (error: unknown) => {
      assert.ok(error instanceof RequestError);
      assert.match(error.message, pattern);
      return true;
    });
  }
  const client = '  c: { image: c, network_mode: service:v }\n';

  it('is read as the example has it', async () => {
    const field = { file: 'compose.yaml', client: 'qbittorrent', vpn: 'vpn', device: 'wg0' };
    const { vpn } = await readCompose(field, EXAMPLE);
    assert.deepEqual(vpn.cap_add, ['NET_ADMIN']);
    assert.deepEqual(vpn.sysctls, { 'net.ipv4.conf.all.src_valid_mark': '1' });
  });

  it('is refused with file, line and what is allowed where the lab does not follow it', async () => {
    await refused(
      `${client}  v:\n    image: v\n    privileged: true\n`,
      /yaml:5: services\.v\.privileged: .*allowed: .*cap_add/,
    );
    await refused(`${client}  v: { image: v, cap_add: [SYS_ADMIN] }\n`, /:3: services\.v\.cap_add\.0: .*NET_ADMIN/);
    await refused(
      `${client}  v: { image: v, volumes: ['/etc:/etc'] }\n`,
      /:3: services\.v\.volumes\.0: .*nothing else/,
    );
    await refused(
      `${client}  v: { image: v, volumes: ['./../x:/x:ro'] }\n`,
      /:3: services\.v\.volumes\.0: .*read-only/,
    );
    await refused(
      `${client}  v: { image: v, environment: { A: '\${HOME}' } }\n`,
      /hands over no «HOME»; it has KSL_WIRE/,
    );
    await refused(`${client}  v: { cap_add: [] }\n`, /services\.v: needs either image or build/);
    await refused('  c: { image: c }\n  v: { image: v }\n', /services\.c\.network_mode must be «service:v»/);
    await refused(client, /has no service «v»; it has c/);
    await refused(`${client}  v: { image: v }\n  db: { image: db }\n`, /take out db/);
  });

  it('gets what the lab hands over in the place of its names', () => {
    assert.equal(
      filledIn('a ${KSL_TORRENT} $KSL_KILL_SWITCH', { KSL_TORRENT: '/t', KSL_KILL_SWITCH: 'on' }),
      'a /t on',
    );
  });

  it('takes no client or kill switch of the catalogue, and lends its own to no other scenario', async () => {
    const [stack, quickstart] = await Promise.all([loadScenario('stack'), loadScenario('quickstart')]);
    assert.equal(makePlan(stack, 1).cells.length, 4);
    assert.throws(() => makePlan(restrict(stack, { killSwitches: ['ufw'] }), 1), /«ufw» cannot be put into a stack/);
    assert.throws(() => makePlan(restrict(stack, { clients: ['deluge'] }), 1), /«deluge» cannot be put into a stack/);
    assert.throws(() => makePlan(restrict(quickstart, { killSwitches: ['stack'] }), 1), /takes a field «stack»/);
  });
});
