/** Exposures of known life: what the retrieval is told must begin and end with them, within one of its steps. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { findHandOuts } from '../../src/analysis/measure/hand-outs.ts';
import { Clock } from '../../src/contracts/clock.ts';
import type { HandOut } from '../../src/records/measures.ts';
import type { TimelineEvent } from '../../src/records/timeline.ts';
import { makePayload } from '../../src/probes/torrent-payload.ts';
import { CanaryWatch } from '../../src/probes/canary-watch.ts';
import { type RunningRetrieval, startRetrieval } from '../../src/probes/retrieval-client.ts';
import { PLANT, VANTAGES } from '../../src/probes/retrieval/retrieval-config.ts';
import { type RunningSwarm, startSwarm } from '../../src/probes/swarm-client.ts';
import { labSwarm } from '../../src/probes/swarm/swarm-config.ts';
import { openSmallLab, type SmallLab } from '../kit/small-lab.ts';

const STEP_SECONDS = 0.5;
const NS = 1e9;
/** Seconds from one step to the next answer on a busy machine. */
const ANSWER_SECONDS = 0.5;
const LIFE_SECONDS = 3;

let lab: SmallLab;
let swarm: RunningSwarm;
let retrieval: RunningRetrieval;
let clock: Clock;
const timeline: TimelineEvent[] = [];
let rows: readonly HandOut[] = [];

const rowOf = (id: string, who: HandOut['who']): HandOut => {
  const row = rows.find((each) => each.id === id && each.who === who && !each.address.includes(':'));
  assert.ok(row, `${id} never handed the ${who} address out`);
  return row;
};

/** The client's host announces, through the home router's NAT. */
async function announce(infoHash: string, event: string): Promise<void> {
  const hash = Buffer.from(infoHash, 'hex').reduce((text, byte) => `${text}%${byte.toString(16).padStart(2, '0')}`, '');
  const query = `info_hash=${hash}&peer_id=-XX0001-000000000000&port=51000&left=1&uploaded=0&downloaded=0&compact=1`;
  const url = `http://198.18.0.10:6969/announce?${query}&event=${event}`;
  await lab.client.run([process.execPath, '-e', `fetch(${JSON.stringify(url)}).then((r) => r.text())`]);
}

function findsWhatLived(): void {
  it('is answered by everyone it asks', () => {
    const answers = timeline.flatMap((event) => (event.kind === 'retrieval' ? [event] : []));
    const silent = answers.filter(({ answered }) => !answered).map(({ asked, via }) => `${asked} ${via}`);
    assert.deepEqual([...new Set(silent)], []);
    assert.equal(new Set(answers.map(({ asked }) => asked)).size, 1 + 13 + 5);
  });

  it('sees an announce from the real address begin and end within one step', () => {
    const row = rowOf('tracker-0', 'real');
    const told = timeline.flatMap((event) =>
      event.kind === 'tracker-announce' && event.sourceAddress === row.address ? [event] : [],
    );
    const beganNs = told.find(({ event }) => event === 'started')?.atNs ?? Number.NaN;
    const endedNs = told.find(({ event }) => event === 'stopped')?.atNs ?? Number.NaN;
    const after = (sinceNs: number, atNs: number | null): number => ((atNs ?? Number.NaN) - sinceNs) / NS;
    const late = STEP_SECONDS + ANSWER_SECONDS;
    const first = after(beganNs, row.firstNs);
    const gone = after(endedNs, row.goneNs);
    assert.ok(first >= 0 && first <= late, `first named ${first} s after it was announced`);
    assert.ok(gone >= 0 && gone <= late, `first left out ${gone} s after it had left`);
    assert.equal(row.learntNs, beganNs);
    assert.ok(row.handOuts >= LIFE_SECONDS / STEP_SECONDS, `${row.handOuts} hand-outs`);
  });

  it('sees the planted address begin and end at the tracker, and go on at every DHT node', () => {
    const tracker = rowOf('tracker-0', 'planted');
    const planted = tracker.learntNs ?? 0;
    const seconds = ((tracker.goneNs ?? Number.NaN) - planted) / NS;
    const taken = timeline.find((event) => event.kind === 'planted' && event.event === 'stopped');
    const life = ((taken?.atNs ?? Number.NaN) - planted) / NS;
    assert.ok(Math.abs(seconds - life) <= STEP_SECONDS + ANSWER_SECONDS, `${seconds} s for a life of ${life} s`);
    for (let node = 0; node < 12; node++) {
      const row = rowOf(`dht-${node}`, 'planted');
      assert.equal(row.goneNs, null);
      assert.equal(row.askers, VANTAGES.length);
    }
  });

  it('hands out nothing of what nobody was told', () => {
    assert.deepEqual(
      rows.filter(({ who, party }) => who === 'real' && party !== 'tracker'),
      [],
    );
  });
}

describe('the retrieval', function () {
  this.timeout(40_000);
  before(async () => {
    clock = new Clock();
    const config = labSwarm({ originUnixNs: clock.originUnixNs, seed: 5, features: { knocks: null } });
    const { infoHash } = makePayload(config.payload);
    lab = await openSmallLab(config);
    await lab.swarm.run(['ip', '-batch', '-'], {
      input: [...VANTAGES.flatMap(({ address4, address6 }) => [address4, address6]), PLANT.address]
        .map((address) =>
          address.includes(':') ? `addr add ${address}/128 dev eth0 nodad\n` : `addr add ${address}/32 dev eth0\n`,
        )
        .join(''),
    });
    const watch = new CanaryWatch();
    const onEvent = (event: TimelineEvent): void => void timeline.push(event);
    swarm = await startSwarm(lab.swarm, { config, watch, onEvent });
    const { tracker, dht, observers } = config;
    retrieval = await startRetrieval(lab.swarm, {
      config: {
        originUnixNs: clock.originUnixNs.toString(),
        infoHash,
        everySeconds: STEP_SECONDS,
        vantages: VANTAGES,
        trackers: [{ ...tracker, membersOnly: false }],
        dht,
        peers: observers.map(({ id, address4, port }) => ({ id, address: address4, port })),
        plant: PLANT,
      },
      onEvent,
    });

    retrieval.tell('begin');
    await wait(1000);
    retrieval.tell('plant');
    await announce(infoHash, 'started');
    await wait(LIFE_SECONDS * 1000);
    await announce(infoHash, 'stopped');
    retrieval.tell('unplant');
    await wait(2000);
    await retrieval.stop();
    rows = findHandOuts(timeline, lab.identity, {}) ?? [];
  });
  after(async () => {
    await swarm.stop();
    await lab.close();
  });

  describe('of addresses of known life', findsWhatLived);
});
