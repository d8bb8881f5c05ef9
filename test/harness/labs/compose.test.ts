import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RequestError } from '../../../src/contracts/errors.ts';
import { filledIn, readCompose, stackFieldSchema } from '../../../src/harness/labs/docker/compose.ts';
import { makePlan, restrict } from '../../../src/harness/campaign/plan.ts';
import { loadScenario } from '../../../src/harness/campaign/scenario.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/stack/', import.meta.url));

let folder = '';

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

/** Gives the tests of a description a folder for stacks of their own. */
function hasFolder(): void {
  before(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'compose-'))));
  after(() => rm(folder, { recursive: true }));
}

describe('a stack of the user’s own', () => {
  hasFolder();

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
});

describe('what a stack of the user’s own may name', () => {
  hasFolder();

  it('is lent files and folders below its compose file’s folder, and nothing that leads elsewhere', async () => {
    const outside = await mkdtemp(path.join(os.tmpdir(), 'outside-'));
    const at = (name: string): string => path.join(folder, name);
    const server = createServer();
    try {
      await mkdir(at('own'));
      await mkdir(at('lair'));
      await writeFile(at('own/file'), '');
      await symlink(outside, at('away'));
      await symlink('own', at('near'));
      execFileSync('mkfifo', [at('pipe')]);
      await new Promise<void>((resolve) => server.listen(at('lair/engine.sock'), resolve));
      await symlink('lair/engine.sock', at('engine'));
      const lent = async (source: string): Promise<void> =>
        refused(`${client}  v: { image: v, volumes: ['./${source}:/x:ro'] }\n`, /NEVER/);
      for (const source of ['own', 'own/file', 'near']) {
        await assert.rejects(lent(source), /Missing expected rejection/);
      }
      const elsewhere: readonly (readonly [string, RegExp])[] = [
        ['away', /services\.v\.volumes: «\.\/away» is .*outside-.*, which does not lie below/],
        ['own/../../x', /volumes\.0: must be/],
        ['', /must be|does not lie below/],
        ['.', /does not lie below/],
        ['absent', /cannot be found/],
        ['pipe', /is no file, folder or link/],
        ['engine', /is no file, folder or link/],
        ['lair', /leads to .*engine\.sock, which is no file/],
      ];
      for (const [source, why] of elsewhere) {
        await refused(`${client}  v: { image: v, volumes: ['./${source}:/x:ro'] }\n`, why);
      }
      for (const context of ['./away', './pipe', './absent', './own/../..', '/etc', 'https://example.org/x.git']) {
        await refused(
          `${client}  v: { build: '${context}' }\n`,
          /services\.v\.build: .*(does not lie below|is no file|cannot be found|must be the path)/,
        );
      }
    } finally {
      server.close();
      await rm(outside, { recursive: true });
    }
  });

  it('is refused where a name is no name: of a volume, an image, a setting, a user, a device', async () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['volumes: ["./a\\n/../../../:/host:ro"]', /volumes\.0: must be/],
      ['volumes: ["./a\\u2028/../..:/host:ro"]', /volumes\.0: must be/],
      ['volumes: ["data:/x"]', /volumes\.0: must be .*no volume is made/],
      ['volumes: ["${KSL_KILL_SWITCH}:/x"]', /volumes\.0: must be/],
      ['volumes: ["$KSL_WIREGUARD_PRIVATE_KEY:/x:ro"]', /volumes\.0: must be/],
      ['volumes: ["${KSL_TORRENT}:/x\\n:ro"]', /volumes\.0: must be/],
      ['environment: { A: "${toString}" }', /hands over no «toString»/],
      ['environment: { "A\\nB": x }', /services\.v\.environment/],
      ['sysctls: { "net./../kernel/core_pattern": x }', /must begin with «net\.»/],
      ['sysctls: { "net.ipv4/../../kernel/core_pattern": x }', /must begin with «net\.»/],
      ['sysctls: { "net.ipv4.ip_forward": "1\\n" }', /must be a number or a word/],
      ['user: "0:0:0"', /must be a user/],
      ['env_file: /etc/shadow', /allowed: /],
      ['secrets: [x]', /allowed: /],
      ['configs: [x]', /allowed: /],
      ['devices: ["/dev/sda:/dev/net/tun"]', /devices\.0/],
    ];
    for (const [field, why] of wrong) await refused(`${client}  v: { image: v, ${field} }\n`, why);
    for (const image of ['--help', '../v', 'v\\nw', 'a b', 'x'.repeat(300)]) {
      await refused(`${client}  v: { image: "${image}" }\n`, /image/);
    }
    for (const device of ['../../../etc/cron.d/x', 'a/b', 'wg0\n', '', 'all', 'eth0', 'a.b', 'x'.repeat(16)]) {
      const field = { file: 'compose.yaml', client: 'c', vpn: 'v', device };
      assert.equal(stackFieldSchema.safeParse(field).success, false, device);
    }
    assert.ok(stackFieldSchema.safeParse({ file: 'compose.yaml', client: 'c', vpn: 'v', device: 'tun-0' }).success);
  });
});

describe('a stack of the user’s own in a scenario', () => {
  hasFolder();

  it('is read from a file: not from a pipe, which would be waited for, nor from a device', async () => {
    execFileSync('mkfifo', [path.join(folder, 'compose-pipe')]);
    for (const file of ['compose-pipe', '/dev/zero', '.', 'absent.yaml']) {
      await assert.rejects(readCompose({ file, client: 'c', vpn: 'v', device: 'wg0' }, folder), /cannot be read/);
    }
  });

  it('gets what the lab hands over in the place of its names', () => {
    assert.equal(
      filledIn('a ${KSL_TORRENT} $KSL_KILL_SWITCH', { KSL_TORRENT: '/t', KSL_KILL_SWITCH: 'on' }),
      'a /t on',
    );
  });

  it('takes no client or kill switch of the catalogue, and lends its own to no other scenario', async () => {
    const [stack, quickstart] = await Promise.all([loadScenario('stack'), loadScenario('quickstart')]);
    assert.equal(makePlan(stack, 1).cells.length, 6);
    assert.throws(() => makePlan(restrict(stack, { killSwitches: ['ufw'] }), 1), /«ufw» cannot be put into a stack/);
    assert.throws(() => makePlan(restrict(stack, { clients: ['deluge'] }), 1), /«deluge» cannot be put into a stack/);
    assert.throws(() => makePlan(restrict(quickstart, { killSwitches: ['stack'] }), 1), /takes a field «stack»/);
  });
});
