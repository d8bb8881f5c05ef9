/**
 * Every client of the catalogue, held to its contract, on hosts of either kind: it starts unattended, accepts the torrent, downloads, says
 * nothing false about where it listens, honours the bindings it declares, stops in time and restarts from its state.
 * Whether anything leaks is not looked at here.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { clients } from '../../src/clients/index.ts';
import { listeningSockets } from '../../src/clients/loopback.ts';
import type { Binding, ClientFeatures, ClientJob, RunningClient, TorrentClient } from '../../src/contracts/client.ts';
import type { Host } from '../../src/contracts/host.ts';
import { Unsupported } from '../../src/contracts/errors.ts';
import { missing } from '../../src/harness/labs/provision.ts';
import { PLACES } from '../kit/lab-places.ts';
import { CLIENT4, CLIENT6, DHT_NODES, type TwoHosts, UNPRIVILEGED, openTwoHosts } from '../kit/client-namespace.ts';
import { Swarm } from '../kit/client-swarm.ts';

const PEER_PORT = 51413;
const CONTROL_PORT = 18080;
/** Longest start, in seconds: a Java virtual machine on a busy machine. */
const START_SECONDS = 30;
/** Longest wait for payload: Transmission looks for a gateway for 8 s, then takes an interest every 10 s. */
const PAYLOAD_SECONDS = 40;
/** CTorrent waits for half of it before it is told again. */
const STOP_SECONDS = 16;
/** Longest wait for what a running client says of itself. */
const ANSWER_SECONDS = 15;
/** Longest life of a client's helpers after the client itself. */
const LEFTOVER_SECONDS = 5;
/** Enough that no client has it all within a moment. */
const PAYLOAD_MEGABYTES = 16;

const DEFAULTS: ClientFeatures = {
  dht: 'default',
  pex: 'default',
  lsd: 'default',
  portMapping: 'default',
  utp: 'default',
  encryption: 'default',
};
/** Clients that stand still while they look for a gateway. */
const CALM = new Set(['transmission', 'deluge', 'biglybt']);
/** What the swarm can tell from what a client says. */
const SEEN_FEATURES = ['dht', 'pex', 'lsd', 'portMapping', 'utp'] as const;
type Features = ReadonlyMap<string, readonly (typeof SEEN_FEATURES)[number][]>;
/** How long after its first payload a client may still betray a feature that is off: more than it takes when it is on. */
const AFTER_PAYLOAD_MS = 5000;
/** What a client has begun with before it switches it off, which is its own doing (see its adapter). */
const LATE_OFF: Features = new Map([['deluge', ['dht', 'lsd', 'portMapping']]]);
/** What a client that has it on turns to only where it is needed: uTP where TCP fails. */
const ON_NEED: Features = new Map([['ktorrent', ['utp']]]);
const UNBOUND: Binding = { kind: 'none' };
const TUNNEL = { device: 'wg0', address4: CLIENT4, address6: CLIENT6 };

/** What takes more rights than a container of the lab has: mounting its file system (docs/docker.md). */
const NOT_IN_CONTAINERS = ['btfs'];

for (const { where, open } of PLACES)
  describe(`torrent clients in ${where}`, function () {
    this.timeout((START_SECONDS + PAYLOAD_SECONDS + STOP_SECONDS) * 1000);

    let lab: TwoHosts;
    let swarm: Swarm;
    let close = (): Promise<void> => Promise.resolve();
    let folders = 0;

    before(async function () {
      if (process.getuid?.() !== 0) this.skip(); // network namespaces, and files of another user's, take root
      const place = await open(
        this,
        clients.flatMap(({ needs }) => needs),
      );
      lab = await openTwoHosts(place);
      close = async () => lab[Symbol.asyncDispose]();
      swarm = await Swarm.start(lab.swarm, PAYLOAD_MEGABYTES);
    });

    /** A test that failed, or ran out of its time, may have left what would hold the ports of every client to come. */
    afterEach(async function () {
      if (this.currentTest?.isFailed() !== true) return;
      const pids = (await listening()).flatMap((line) => [...line.matchAll(/pid=(\d+)/g)].map(([, pid = '']) => pid));
      if (pids.length > 0) await lab.client.run(['kill', '-KILL', ...pids], { anyStatus: true });
    });

    after(() => close());

    async function newJob(changes: Partial<ClientJob> = {}): Promise<ClientJob> {
      const folder = join(lab.client.folder, `job-${folders++}`);
      const [stateFolder, downloadFolder] = [join(folder, 'state'), join(folder, 'downloads')];
      for (const each of [folder, stateFolder, downloadFolder]) {
        await mkdir(each);
        await chown(each, UNPRIVILEGED, UNPRIVILEGED);
      }
      return {
        torrent: { file: swarm.torrentFile },
        stateFolder,
        downloadFolder,
        binding: UNBOUND,
        features: DEFAULTS,
        peerPort: PEER_PORT,
        controlPort: CONTROL_PORT,
        dhtBootstrap: DHT_NODES,
        ...changes,
      };
    }

    /** Starts it, uses it, and stops it whatever happened. */
    async function running(
      client: TorrentClient,
      job: ClientJob,
      use: (started: RunningClient) => Promise<void>,
    ): Promise<void> {
      swarm.forget();
      const started = await client.start(lab.client, job, AbortSignal.timeout(START_SECONDS * 1000));
      try {
        await use(started);
      } catch (error) {
        const log = (await started.logTail(20)).join('\n  ');
        throw new Error(`${client.id}: its log ends with\n  ${log}`, { cause: error });
      } finally {
        await started.stop(STOP_SECONDS);
        await nothingListens(client);
      }
    }

    /** What has a port on the client's host: the lines of ss that name a process. */
    async function listening(): Promise<readonly string[]> {
      const asked = await lab.client.spawn(['ss', '-H', '-tulnp'], { unprivileged: true });
      return (await text(asked.stdout)).split('\n').filter((line) => line.includes('pid='));
    }

    /** Fails when something of the client's outlives it by more than a moment. */
    async function nothingListens(client: TorrentClient): Promise<void> {
      const deadline = performance.now() + LEFTOVER_SECONDS * 1000;
      for (let left = await listening(); left.length > 0; left = await listening()) {
        if (performance.now() > deadline) {
          assert.fail(`${LEFTOVER_SECONDS} s after the end of ${client.id} there still listens:\n${left.join('\n')}`);
        }
        await delay(100);
      }
    }

    async function tellsStatus(started: RunningClient): Promise<void> {
      const { downloadedBytes, peers } = await started.status(AbortSignal.timeout(ANSWER_SECONDS * 1000));
      for (const count of [downloadedBytes, peers]) assert.ok(count >= 0 && Number.isSafeInteger(count), String(count));
    }

    /** Where its processes listen on the peer port, by the kernel, once they do. */
    async function peerSockets({ pids }: RunningClient): Promise<readonly string[]> {
      for (let tries = 0; tries < 50; tries++) {
        const sockets = await listeningSockets(lab.client, pids);
        const peer = sockets.filter((socket) => socket.endsWith(`:${PEER_PORT}`));
        if (peer.length > 0) return peer;
        await delay(100);
      }
      return [];
    }

    /** Switches all that can be seen to a side, but what the client says it cannot switch, which it gives back. */
    async function withFeatures(
      client: TorrentClient,
      side: 'on' | 'off',
      use: () => Promise<void>,
    ): Promise<ReadonlySet<string>> {
      const refused = new Set<string>();
      for (;;) {
        const wanted = SEEN_FEATURES.filter((feature) => !refused.has(feature)).map(
          (feature) => [feature, side] as const,
        );
        const features: ClientFeatures = { ...DEFAULTS, ...Object.fromEntries(wanted) };
        try {
          await running(client, await newJob({ features }), use);
          return refused;
        } catch (error) {
          if (!(error instanceof Unsupported)) throw error;
          const feature = /cannot switch (\w+)/.exec(error.message)?.[1] ?? assert.fail(error);
          assert.ok(!refused.has(feature), `${feature} is refused twice`);
          refused.add(feature);
        }
      }
    }

    for (const client of clients) {
      if (where === 'containers' && NOT_IN_CONTAINERS.includes(client.id)) {
        it(`${client.title} says that it cannot be had there`, async () => {
          await assert.rejects(client.start(lab.client, await newJob()), Unsupported);
        });
        continue;
      }
      describe(client.title, () => {
        before(function () {
          const absent = where === 'namespaces' ? missing(client.needs).map((need) => need.package) : [];
          if (absent.length > 0) {
            console.error(`${client.title} is left out: install ${absent.join(', ')}`);
            this.skip();
          }
        });

        it('tells its version', async () => {
          assert.match(await client.version(lab.client), /^(dnh)?\d+(\.\d+)+/);
        });

        it('starts, announces, downloads, stops in time and takes up its torrent again', async () => {
          const job = await newJob();
          let pids: readonly number[] = [];
          let endedByItself = 0;
          for (const run of ['first', 'second']) {
            await running(client, job, async (started) => {
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
            for (const pid of pids) await gone(lab.client, pid);
          }
          // Once is enough: some clients are known to hang now and then, which is what patience is for.
          assert.ok(endedByItself > 0, `it had to be killed after ${STOP_SECONDS} s, both times`);
          const kept = client.persists.filter(({ path }) => existsSync(join(job.stateFolder, path)));
          assert.ok(client.persists.length === 0 || kept.length > 0, 'nothing of what it is said to persist is there');
        });

        for (const kind of ['interface', 'address'] as const) {
          if (!client.bindings.includes(kind)) {
            it(`declares that it cannot be bound by ${kind}`, async () => {
              const job = await newJob({ binding: { kind, ...TUNNEL } });
              await assert.rejects(client.start(lab.client, job), Unsupported);
            });
            continue;
          }
          it(`listens only where it is bound, by ${kind}`, async () => {
            const job = await newJob({ binding: { kind, ...TUNNEL }, features: { ...DEFAULTS, portMapping: 'off' } });
            await running(client, job, async (started) => {
              const sockets = await peerSockets(started);
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

        it(
          client.speaks.magnet ? 'downloads from a magnet link' : 'declares that it takes no magnet links',
          async () => {
            const job = await newJob({ torrent: { magnet: swarm.magnet } });
            if (!client.speaks.magnet) {
              await assert.rejects(client.start(lab.client, job), Unsupported);
              return;
            }
            await running(client, { ...job, features: { ...DEFAULTS, portMapping: 'off' } }, async () => {
              await swarm.sees('payload', CLIENT4, PAYLOAD_SECONDS);
            });
          },
        );

        if (client.speaks.dht) {
          it("reaches the lab's DHT", async () => {
            const job = await newJob({ features: { ...DEFAULTS, dht: 'on' } });
            await running(client, job, async () => {
              await swarm.sees('dht', CLIENT4, PAYLOAD_SECONDS);
            });
          });
        }

        for (const side of ['on', 'off'] as const) {
          const what = side === 'on' ? 'each' : 'none';
          it(`shows ${what} of DHT, PEX, LSD, port mapping and uTP when switched ${side}, or declares that it cannot`, async () => {
            const onNeed = ON_NEED.get(client.id) ?? [];
            const expected = SEEN_FEATURES.filter((feature) => client.speaks[feature] && !onNeed.includes(feature));
            const refused = await withFeatures(client, side, async () => {
              if (side === 'off') {
                await swarm.sees('payload', CLIENT4, PAYLOAD_SECONDS);
                for (const feature of LATE_OFF.get(client.id) ?? []) swarm.forget(feature);
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
            const job = await newJob({
              features: { ...DEFAULTS, portMapping: CALM.has(client.id) ? 'off' : 'default', encryption },
            });
            try {
              await running(client, job, async () => {
                const { encrypted } = await swarm.sees('wire', CLIENT4, PAYLOAD_SECONDS);
                assert.equal(encrypted, encryption === 'on');
              });
            } catch (error) {
              if (!(error instanceof Unsupported)) throw error;
              assert.match(error.message, /cannot switch encryption/);
            }
          });
        }

        if (client.speaks.webrtc) {
          it('looks for its own address by STUN once a tracker speaks WebSocket', async () => {
            const job = await newJob({ torrent: { file: swarm.browsersFile } });
            await running(client, job, async () => {
              await swarm.sees('stun', CLIENT4, PAYLOAD_SECONDS);
            });
          });
        }

        it('tells how it ended when it is killed', async () => {
          const job = await newJob();
          await running(client, job, async (started) => {
            await lab.client.run(['kill', '-KILL', String(started.pids[0])]);
            assert.deepEqual(await started.exited, { code: null, signal: 'SIGKILL' });
            assert.ok(Array.isArray(await started.logTail(5)));
          });
        });
      });
    }
  });

/** Waits until the process is gone: helpers end a little after the client. */
async function gone(host: Host, pid: number): Promise<void> {
  const there = async (): Promise<boolean> =>
    (await host.run(['test', '-e', `/proc/${pid}`], { anyStatus: true })).status.code === 0;
  for (let tries = 0; await there(); tries++) {
    assert.ok(tries < 50, `process ${pid} of the client is still there`);
    await delay(100);
  }
}
