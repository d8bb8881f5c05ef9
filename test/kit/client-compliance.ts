/**
 * The compliance suite of torrent clients, for anybody's `TorrentClient`: it starts unattended, accepts the torrent,
 * downloads, says nothing false about where it listens, honours the bindings it declares, stops in time and restarts from
 * its state. Whether anything leaks is not looked at here.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientFeatures, RunningClient, TorrentClient } from '../../src/contracts/client.ts';
import { Unsupported } from '../../src/contracts/errors.ts';
import { missing } from '../../src/harness/labs/provision.ts';
import {
  type ClientsPlace,
  DEFAULTS,
  PAYLOAD_SECONDS,
  PEER_PORT,
  START_SECONDS,
  STOP_SECONDS,
} from './client-bench.ts';
import { CLIENT4, CLIENT6 } from './client-namespace.ts';

/** Longest wait for what a running client says of itself. */
const ANSWER_SECONDS = 15;
/** How long after its first payload a client may still betray a feature that is off: more than it takes when it is on. */
const AFTER_PAYLOAD_MS = 5000;
const TUNNEL = { device: 'wg0', address4: CLIENT4, address6: CLIENT6 };
/** What the swarm can tell from what a client says. */
const SEEN_FEATURES = ['dht', 'pex', 'lsd', 'portMapping', 'utp'] as const;
type SeenFeature = (typeof SEEN_FEATURES)[number];

/** What is known of a client and is no fault of it; see its adapter. */
export interface KnownOfClient {
  /** Stands still while it looks for a gateway. */
  readonly calm?: boolean;
  /** What it has begun with before it switches it off. */
  readonly lateOff?: readonly SeenFeature[];
  /** What it turns to only where it is needed, though it is on: uTP where TCP fails. */
  readonly onNeed?: readonly SeenFeature[];
  /** Takes more rights than a container of the lab has: mounting its file system (docs/docker.md). */
  readonly notInContainers?: boolean;
}

/** Tests `client` on the bench of `place`, which `clientsIn` gives in the description around it. */
export function clientCompliance(client: TorrentClient, place: ClientsPlace, known: KnownOfClient = {}): void {
  if (place.where === 'containers' && known.notInContainers === true) {
    it(`${client.title} says that it cannot be had there`, async () => {
      const bench = place.bench();
      await assert.rejects(client.start(bench.host, await bench.newJob()), Unsupported);
    });
    return;
  }
  describe(client.title, function () {
    this.timeout((START_SECONDS + PAYLOAD_SECONDS + STOP_SECONDS) * 1000);

    before(function () {
      const absent = place.where === 'namespaces' ? missing(client.needs).map((need) => need.package) : [];
      if (absent.length > 0) {
        console.error(`${client.title} is left out: install ${absent.join(', ')}`);
        this.skip();
      }
    });

    comesAndGoes(client, place);
    isBound(client, place);
    meetsTheSwarm(client, place);
    isSwitched(client, place, known);
    isKilled(client, place);
  });
}

function comesAndGoes(client: TorrentClient, place: ClientsPlace): void {
  it('tells its version', async () => {
    assert.match(await client.version(place.bench().host), /^(dnh)?\d+(\.\d+)+/);
  });

  it('starts, announces, downloads, stops in time and takes up its torrent again', async () => {
    const bench = place.bench();
    const { swarm } = bench;
    const job = await bench.newJob();
    let pids: readonly number[] = [];
    let endedByItself = 0;
    for (const run of ['first', 'second']) {
      await bench.running(client, job, async (started) => {
        pids = started.pids;
        await tellsStatus(started); // before any tracker has answered it
        await swarm.sees('announce', CLIENT4, PAYLOAD_SECONDS);
        if (run === 'first') await swarm.sees('payload', CLIENT4, PAYLOAD_SECONDS);
        await tellsStatus(started);
        const { listens } = await started.addresses(AbortSignal.timeout(ANSWER_SECONDS * 1000));
        assert.ok(listens.some((socket) => socket.endsWith(`:${PEER_PORT}`)));
        const { signal } = await started.stop(STOP_SECONDS);
        if (signal !== 'SIGKILL') endedByItself++;
      });
      for (const pid of pids) await bench.gone(pid);
    }
    // Once is enough: some clients are known to hang now and then, which is what patience is for.
    assert.ok(endedByItself > 0, `it had to be killed after ${STOP_SECONDS} s, both times`);
    const kept = client.persists.filter(({ path }) => existsSync(join(job.stateFolder, path)));
    assert.ok(client.persists.length === 0 || kept.length > 0, 'nothing of what it is said to persist is there');
  });
}

async function tellsStatus(started: RunningClient): Promise<void> {
  const { downloadedBytes, peers } = await started.status(AbortSignal.timeout(ANSWER_SECONDS * 1000));
  for (const count of [downloadedBytes, peers]) assert.ok(count >= 0 && Number.isSafeInteger(count), String(count));
}

function isBound(client: TorrentClient, place: ClientsPlace): void {
  for (const kind of ['interface', 'address'] as const) {
    if (!client.bindings.includes(kind)) {
      it(`declares that it cannot be bound by ${kind}`, async () => {
        const bench = place.bench();
        const job = await bench.newJob({ binding: { kind, ...TUNNEL } });
        await assert.rejects(client.start(bench.host, job), Unsupported);
      });
      continue;
    }
    it(`listens only where it is bound, by ${kind}`, async () => {
      const bench = place.bench();
      const features: ClientFeatures = { ...DEFAULTS, portMapping: 'off' };
      const job = await bench.newJob({ binding: { kind, ...TUNNEL }, features });
      await bench.running(client, job, async (started) => {
        const sockets = await bench.peerSockets(started);
        assert.ok(sockets.length > 0, `nothing listens on port ${PEER_PORT}`);
        for (const socket of sockets) {
          assert.ok(
            socket.includes(`%${TUNNEL.device}:`) || socket.includes(CLIENT4) || socket.includes(CLIENT6),
            `bound by ${kind}, it listens on ${socket}`,
          );
        }
      });
    });
  }
}

function meetsTheSwarm(client: TorrentClient, place: ClientsPlace): void {
  it(client.speaks.magnet ? 'downloads from a magnet link' : 'declares that it takes no magnet links', async () => {
    const bench = place.bench();
    const job = await bench.newJob({ torrent: { magnet: bench.swarm.magnet } });
    if (!client.speaks.magnet) {
      await assert.rejects(client.start(bench.host, job), Unsupported);
      return;
    }
    await bench.running(client, { ...job, features: { ...DEFAULTS, portMapping: 'off' } }, async () => {
      await bench.swarm.sees('payload', CLIENT4, PAYLOAD_SECONDS);
    });
  });

  if (client.speaks.dht) {
    it("reaches the lab's DHT", async () => {
      const bench = place.bench();
      const job = await bench.newJob({ features: { ...DEFAULTS, dht: 'on' } });
      await bench.running(client, job, async () => {
        await bench.swarm.sees('dht', CLIENT4, PAYLOAD_SECONDS);
      });
    });
  }

  if (client.speaks.webrtc) {
    it('looks for its own address by STUN once a tracker speaks WebSocket', async () => {
      const bench = place.bench();
      const job = await bench.newJob({ torrent: { file: bench.swarm.browsersFile } });
      await bench.running(client, job, async () => {
        await bench.swarm.sees('stun', CLIENT4, PAYLOAD_SECONDS);
      });
    });
  }
}

function isSwitched(client: TorrentClient, place: ClientsPlace, known: KnownOfClient): void {
  const { calm = false, lateOff = [], onNeed = [] } = known;
  for (const side of ['on', 'off'] as const) {
    const what = side === 'on' ? 'each' : 'none';
    it(`shows ${what} of DHT, PEX, LSD, port mapping and uTP when switched ${side}, or declares that it cannot`, async () => {
      const { swarm } = place.bench();
      const expected = SEEN_FEATURES.filter((feature) => client.speaks[feature] && !onNeed.includes(feature));
      const refused = await withFeatures(client, place, side, async () => {
        if (side === 'off') {
          await swarm.sees('payload', CLIENT4, PAYLOAD_SECONDS);
          for (const feature of lateOff) swarm.forget(feature);
          await delay(AFTER_PAYLOAD_MS);
          return;
        }
        for (const feature of expected) {
          await swarm.sees(feature, CLIENT4, PAYLOAD_SECONDS);
        }
      });
      const seen = swarm.seen(CLIENT4);
      for (const feature of SEEN_FEATURES) {
        if (refused.has(feature)) {
          assert.equal(client.speaks[feature], side === 'off', `${feature} ${side} is refused`);
        } else if (side === 'off' || !onNeed.includes(feature)) {
          assert.equal(seen.has(feature), expected.includes(feature) && side === 'on', `${feature} ${side}`);
        }
      }
    });
  }

  for (const encryption of ['on', 'off'] as const) {
    it(`connects to peers with encryption ${encryption}, or declares that it cannot be told to`, async () => {
      const bench = place.bench();
      const job = await bench.newJob({
        features: { ...DEFAULTS, portMapping: calm ? 'off' : 'default', encryption },
      });
      try {
        await bench.running(client, job, async () => {
          const { encrypted } = await bench.swarm.sees('wire', CLIENT4, PAYLOAD_SECONDS);
          assert.equal(encrypted, encryption === 'on');
        });
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        assert.match(error.message, /cannot switch encryption/);
      }
    });
  }
}

/** Switches all that can be seen to a side, but what the client says it cannot switch, which it gives back. */
async function withFeatures(
  client: TorrentClient,
  place: ClientsPlace,
  side: 'on' | 'off',
  use: () => Promise<void>,
): Promise<ReadonlySet<string>> {
  const bench = place.bench();
  const refused = new Set<string>();
  for (;;) {
    const wanted = SEEN_FEATURES.filter((feature) => !refused.has(feature)).map((feature) => [feature, side] as const);
    const features: ClientFeatures = { ...DEFAULTS, ...Object.fromEntries(wanted) };
    try {
      await bench.running(client, await bench.newJob({ features }), use);
      return refused;
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      const feature = /cannot switch (\w+)/.exec(error.message)?.[1] ?? assert.fail(error);
      assert.ok(!refused.has(feature), `${feature} is refused twice`);
      refused.add(feature);
    }
  }
}

function isKilled(client: TorrentClient, place: ClientsPlace): void {
  it('tells how it ended when it is killed', async () => {
    const bench = place.bench();
    await bench.running(client, await bench.newJob(), async (started) => {
      await bench.host.run(['kill', '-KILL', String(started.pids[0])]);
      assert.deepEqual(await started.exited, { code: null, signal: 'SIGKILL' });
      assert.ok(Array.isArray(await started.logTail(5)));
    });
  });
}
