/** The client's process and settings, with small programs in a client's place: no namespace, no network. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientById, clients } from '../../src/clients/index.ts';
import { ClientProcess, type Launch } from '../../src/clients/client-process.ts';
import { supportedBinding, switched } from '../../src/clients/settings.ts';
import type { ClientFeatures } from '../../src/contracts/client.ts';
import { placeFile } from '../../src/contracts/guest-folder.ts';
import type { Argv, ExitStatus, Host, RunResult } from '../../src/contracts/host.ts';
import { Unsupported } from '../../src/contracts/errors.ts';

/** Host that is this machine itself. */
const here: Host = {
  name: 'client',
  folder: tmpdir(),
  run: (): Promise<RunResult> => Promise.reject(new Error('nothing is run here')),
  async spawn([program, ...args], options = {}) {
    const child = spawn(program, args, { stdio: 'pipe', ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
    const exited = new Promise<ExitStatus>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    await once(child, 'spawn');
    const { stdin, stdout, stderr } = child;
    return { pid: child.pid ?? 0, stdin, stdout, stderr, exited, signal: (signal) => void child.kill(signal) };
  },
};

const launch = (script: string, extra: Partial<Launch> = {}): Launch => ({
  client: 'pretender',
  argv: ['sh', '-c', script] satisfies Argv,
  env: {},
  cwd: tmpdir(),
  ...extra,
});
const ready = async (client: ClientProcess): Promise<void> => {
  await client.line((line) => (line === 'ready' ? true : undefined));
};

describe("a client's process", () => {
  it('that ends before it accepts the torrent is an error with its name, status and last words', async () => {
    await assert.rejects(
      ClientProcess.start(here, launch('echo no disk >&2; exit 3'), ready),
      /pretender ended with exit code 3.*no disk/s,
    );
  });

  it('is killed when the start is aborted', async () => {
    const abort = new AbortController();
    let pid = 0;
    const start = ClientProcess.start(
      here,
      launch('exec sleep 60'),
      (client) => {
        pid = client.pid;
        abort.abort(new Error('enough'));
        return new Promise(() => undefined);
      },
      abort.signal,
    );
    await assert.rejects(start, /enough/);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('is asked to end, and killed when it will not', async () => {
    const polite = await ClientProcess.start(
      here,
      launch('trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'),
      ready,
    );
    assert.deepEqual(await polite.stop(5), { code: 0, signal: null });
    const deaf = await ClientProcess.start(
      here,
      launch('trap "" TERM; echo ready; while :; do sleep 0.05; done'),
      ready,
    );
    assert.deepEqual(await deaf.stop(0.2), { code: null, signal: 'SIGKILL' });
    assert.deepEqual(await deaf.stop(0.2), { code: null, signal: 'SIGKILL' });
  });

  it('answers what it is asked, and fails the question when it ends', async () => {
    const client = await ClientProcess.start(here, launch('echo ready; read q; echo "got $q"; read q'), ready);
    assert.equal(await client.ask('milk', (line) => /got (.*)/.exec(line)?.[1]), 'milk');
    await assert.rejects(
      client.ask('more', () => undefined),
      /pretender ended/,
    );
  });

  it('keeps lines that a carriage return ends, and only the last ones', async () => {
    const script = "i=0; while [ $i -lt 600 ]; do printf 'tick %s\\r' $i; i=$((i+1)); done; echo ready; exec cat";
    const client = await ClientProcess.start(here, launch(script), ready);
    assert.deepEqual(client.tail(2), ['tick 599', 'ready']);
    assert.equal(client.tail(10_000).length, 500);
    await client.stop(5);
  });

  it('has its log file followed from where it ended before, through rotation', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'log-'));
    const logFile = join(folder, 'client.log');
    try {
      writeFileSync(logFile, 'an earlier run\n');
      const client = await ClientProcess.start(
        here,
        launch('echo ready; exec cat', { cwd: folder, logFile: 'client.log' }),
        ready,
      );
      const after = (text: string): Promise<boolean> => client.line((line) => (line === text ? true : undefined));
      appendFileSync(logFile, 'this run\n');
      await after('this run');
      renameSync(logFile, `${logFile}.1`);
      writeFileSync(logFile, 'a longer line in a fresh file, after rotation\n');
      await after('a longer line in a fresh file, after rotation');
      assert.ok(!client.tail(100).includes('an earlier run'));
      await client.stop(5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a client's settings", () => {
  const features: ClientFeatures = {
    dht: 'off',
    pex: 'default',
    lsd: 'on',
    portMapping: 'default',
    utp: 'default',
    encryption: 'default',
  };
  const transmission = clientById('transmission');

  it('are those the job switches, and none it leaves at default', () => {
    const toggles = {
      dht: { setting: 'dht', on: true, off: false },
      pex: { setting: 'pex', on: true, off: false },
      lsd: [
        { setting: 'lsd4', on: true, off: false },
        { setting: 'lsd6', on: true, off: false },
      ],
    };
    assert.deepEqual(switched(transmission, features, toggles), { dht: false, lsd4: true, lsd6: true });
  });

  it('are unsupported when the client cannot be switched so, and fine when it is so anyway', () => {
    const ctorrent = clientById('ctorrent');
    assert.throws(() => switched(ctorrent, features, {}), Unsupported);
    assert.deepEqual(switched(ctorrent, { ...features, lsd: 'off' }, {}), {});
  });

  it('are unsupported on the side the client has no setting for', () => {
    const aria2 = clientById('aria2');
    const only = { encryption: { setting: 'force', on: 'true' } };
    const asked = (encryption: 'on' | 'off') => ({ ...features, dht: 'default', lsd: 'default', encryption }) as const;
    assert.deepEqual(switched(aria2, asked('on'), only), { force: 'true' });
    assert.throws(() => switched(aria2, asked('off'), only), /aria2 cannot switch encryption off/);
    assert.throws(() => switched(clientById('btfs'), asked('on'), {}), /is negotiated by itself/);
    assert.deepEqual(switched(clientById('ctorrent'), asked('off'), {}), {});
  });

  it('refuse a binding the client does not declare', () => {
    const binding = { kind: 'interface', device: 'wg0', address4: '10.8.0.2', address6: '::1' } as const;
    const job = { binding, features, torrent: { magnet: '' }, stateFolder: '', downloadFolder: '' };
    assert.throws(
      () => supportedBinding(transmission, { ...job, peerPort: 1, controlPort: 2, dhtBootstrap: [] }),
      /transmission cannot be bound by interface: it supports none, address/,
    );
  });

  it('are placed with the owner and mode of the folder, over a file the client closed to others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    try {
      placeFile(folder, 'a/b/file', 'first');
      writeFileSync(join(folder, 'a/b/file'), 'changed', { mode: 0o400 });
      placeFile(folder, 'a/b/file', 'second');
      assert.equal(statSync(join(folder, 'a/b/file')).mode & 0o777, 0o600);
      assert.equal(statSync(join(folder, 'a/b')).mode & 0o777, statSync(folder).mode & 0o777);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the catalogue of clients', () => {
  it('has each id once, and names them all when asked for another', () => {
    const ids = clients.map((client) => client.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.throws(() => clientById('limewire'), new RegExp(ids.join(', ')));
  });

  it('gives a reason for every change, and a package for every need', () => {
    for (const client of clients) {
      assert.ok(client.bindings.includes('none'), client.id);
      for (const change of client.changes) assert.ok(change.setting !== '' && change.reason !== '', client.id);
      for (const need of client.needs) assert.ok(need.command !== '' && need.package !== '', client.id);
    }
  });
});
