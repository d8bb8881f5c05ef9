/** The start of an OpenVPN tunnel whose programs are played by the test. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { Clock } from '../../src/contracts/clock.ts';
import type { ExitStatus, Host } from '../../src/contracts/host.ts';
import type { Tunnel } from '../../src/contracts/lab.ts';
import { OpenVpnTunnel } from '../../src/killswitches/openvpn.ts';

const NOTHING = { status: { code: 0, signal: null }, stdout: '', stderr: '' };
const notPlayed = (): never => {
  throw new Error('not played');
};

describe('the start of an OpenVPN tunnel', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ksl-openvpn-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** A host on which every openvpn says this, and then ends with 1 or says nothing more. */
  const hostThatSays = (words: string, then: 'end' | 'nothing'): Host => ({
    name: 'vpn',
    folder,
    run: () => Promise.resolve(NOTHING),
    spawn: () => {
      const stdout = new PassThrough();
      stdout.write(words);
      const exited = new Promise<ExitStatus>((resolve) => {
        if (then === 'end') stdout.once('data', () => resolve({ code: 1, signal: null }));
      });
      return Promise.resolve({
        pid: 1,
        stdin: new PassThrough(),
        stdout,
        stderr: new PassThrough(),
        exited,
        signal: () => undefined,
      });
    },
  });
  const tunnel: Tunnel = {
    device: 'wg0',
    fwmark: 51_820,
    config: {
      address4: '10.8.0.2',
      address6: 'fd00::2',
      dns: '10.8.0.1',
      endpoint: { address: '198.51.100.10', port: 51_820 },
      gateway4: '10.8.0.1',
    },
    addHook: notPlayed,
    up: notPlayed,
    down: notPlayed,
    restore: notPlayed,
    daemonPids: notPlayed,
  };
  const identity = {
    clientMac: '02:00:00:00:00:02',
    lan4: '192.168.1.2',
    lan6: null,
    wan4: '203.0.113.2',
    tunnel4: '10.8.0.2',
    tunnel6: null,
    exit4: '198.51.100.10',
    exit6: null,
    endpoint: tunnel.config.endpoint,
  };
  const start = (vpn: Host, signal?: AbortSignal): Promise<unknown> =>
    new OpenVpnTunnel(
      { host: vpn, vpn, tunnel, clock: new Clock(), identity, ...(signal === undefined ? {} : { signal }) },
      { options: [], v6: false },
    ).up();

  it('ends with the trial, though the program says nothing', async () => {
    const stop = new AbortController();
    const starting = start(hostThatSays('', 'nothing'), stop.signal);
    setImmediate(() => stop.abort(new Error('stopped by its user')));
    await assert.rejects(starting, { message: 'stopped by its user' });
  });

  it('ends with the program, whose last words are told', async () => {
    await assert.rejects(start(hostThatSays('Cannot open TUN/TAP dev\n', 'end')), {
      message: 'openvpn ended with exit code 1: Cannot open TUN/TAP dev',
    });
  });
});
