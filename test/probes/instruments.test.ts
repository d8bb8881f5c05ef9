import assert from 'node:assert/strict';
import path from 'node:path';
import { Clock } from '../../src/contracts/clock.ts';
import type { RunningInstrument } from '../../src/contracts/instrument.ts';
import type { InstrumentEvent } from '../../src/records/timeline.ts';
import { CANARY_INSTRUMENTS, CanaryWatch } from '../../src/probes/canary-watch.ts';
import { type CanaryRoundParts, canaryRound, macOf } from '../kit/canary-round.ts';
import { nonceIn } from '../../src/probes/canary.ts';
import { type RunningCapture, startCapture } from '../../src/probes/capture.ts';
import { type RunningCounters, startCounters } from '../../src/probes/counters.ts';
import { labNeighbour } from '../../src/probes/neighbour/neighbour-config.ts';
import { type RawFrameSender, startRawFrameSender } from '../../src/probes/raw-frame-sender.ts';
import { startResolver } from '../../src/probes/resolver.ts';
import {
  passOn,
  type RunningNeighbour,
  type RunningSwarm,
  startNeighbour,
  startSwarm,
} from '../../src/probes/swarm-client.ts';
import { SWARM } from '../../src/contracts/addresses.ts';
import { labSwarm, SWARM_NAMES } from '../../src/probes/swarm/swarm-config.ts';
import { openSmallLab, RESOLVER, type SmallLab } from '../kit/small-lab.ts';

const clock = new Clock();
const watch = new CanaryWatch();
const events: InstrumentEvent[] = [];
const onEvent = (event: InstrumentEvent): void => void events.push(event);
let lab: SmallLab;
let swarm: RunningSwarm;
let neighbour: RunningNeighbour;
let resolver: RunningInstrument;
let captures: RunningCapture[];
let counters: RunningCounters;
let sender: RawFrameSender;
let parts: CanaryRoundParts;

function fromStartToEnd(): void {
  it('each see a canary of their own kind, and none of it is reported as traffic', async () => {
    const before = events.length;
    const round = await canaryRound(parts, CANARY_INSTRUMENTS);
    assert.deepEqual(
      round,
      CANARY_INSTRUMENTS.map((instrument) => ({ instrument, seen: true })),
    );
    assert.deepEqual(events.slice(before), []);
  });

  it('are told blind when they are: nobody is reached behind a router that forwards nothing', async () => {
    const cut = 'table inet cut {\nchain forward {\ntype filter hook forward priority 0;\noifname "wan" drop\n}\n}\n';
    await lab.router.run(['nft', '-f', '-'], { input: cut });
    const round = await canaryRound(parts, CANARY_INSTRUMENTS, 500);
    await lab.router.run(['nft', 'delete', 'table', 'inet', 'cut']);
    const blind = round.filter(({ seen }) => !seen).map(({ instrument }) => instrument);
    assert.deepEqual(
      blind,
      CANARY_INSTRUMENTS.filter((one) => !['neighbour', 'uplink', 'counters'].includes(one)),
    );
  });

  it('leave no canary behind in the swarm: nobody is handed the neighbour as a node or a peer', async () => {
    const { stdout } = await lab.client.run([
      'python3',
      '-c',
      `
import socket
ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask.settimeout(3)
ask.sendto(b'd1:ad2:id20:aaaaaaaaaaaaaaaaaaaa9:info_hash20:${'b'.repeat(20)}e1:q9:get_peers1:t2:xx1:y1:qe', ('198.18.20.1', 6881))
print(ask.recv(4096).hex())`,
    ]);
    const wan = Buffer.from([203, 0, 113, 2]).toString('hex');
    const nodes = Buffer.from(stdout.trim(), 'hex').toString('latin1');
    assert.match(nodes, /5:nodes\d+:/);
    assert.equal(stdout.split(wan).length - 1 <= 1, true, 'at most the asker itself');
  });

  it('end, each saying that it saw throughout', async () => {
    const reports = await Promise.all([swarm.stop(), neighbour.stop(), resolver.stop()]);
    for (const report of reports) assert.deepEqual(report, { dropped: null, blind: null });
    for (const capture of captures) {
      const { packets, dropped, blind } = await capture.stop();
      assert.ok(packets > 0);
      assert.deepEqual({ dropped, blind }, { dropped: 0, blind: null });
    }
    await counters.stop();
    await sender.stop();
  });
}

describe('instruments of a lab', function () {
  this.timeout(60_000);
  before(async () => {
    const config = labSwarm({ originUnixNs: clock.originUnixNs, seed: 7 });
    lab = await openSmallLab(config);
    const { router, identity } = lab;
    const tap = (name: 'uplink' | 'wan'): Promise<RunningCapture> =>
      startCapture(
        { host: router, device: name },
        {
          file: path.join(router.folder, `${name}.pcap`),
          clock,
          onFrame: ({ bytes }) => {
            const nonce = watch.waiting ? nonceIn(bytes) : null;
            if (nonce !== null) watch.saw(name, nonce);
          },
        },
      );
    [swarm, neighbour, resolver, captures, counters, sender] = await Promise.all([
      startSwarm(lab.swarm, { config, onEvent, watch }),
      startNeighbour(lab.neighbour, {
        config: labNeighbour(config, 'eth0', RESOLVER),
        onEvent,
        watch,
      }),
      startResolver(lab.swarm, {
        clock,
        addresses: [RESOLVER, '2001:db8:2::53'],
        records: SWARM_NAMES,
        onEvent: (event) => passOn(event, { watch, onEvent }),
      }),
      Promise.all([tap('uplink'), tap('wan')]),
      startCounters({ host: router, device: 'uplink' }, identity),
      startRawFrameSender(lab.client, 'eth0'),
    ]);
    for (const capture of captures) capture.follow();
    const gatewayMac = await macOf(router, 'lan');
    parts = { watch, neighbour, sender, counters, clock, identity, gatewayMac, sinkAddress: SWARM.canarySink };
  });
  after(async () => {
    await lab.close();
  });

  describe('from their start to their end', fromStartToEnd);
});
