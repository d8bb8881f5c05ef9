/**
 * The swarm of one lab in one process: `node swarm.js CONFIG.json`, run on the swarm host. It starts every member,
 * prints one ready line, and from then on one JSON line for each sighting; nothing else goes to standard output. It
 * ends on `{"command":"stop"}` and when its standard input closes, so that it never outlives the harness; run without a
 * configuration, it waits for one (src/programs/waiting.ts).
 *
 * What it does not see: anything that does not reach JavaScript (a SYN alone, a datagram dropped by a full socket).
 * The capture is the ground truth; this is the third parties' own knowledge.
 */
import { readFileSync } from 'node:fs';
import { Clock } from '../../contracts/clock.ts';
import { serve, type Serving } from '../../programs/waiting.ts';
import { makePayload } from '../torrent-payload.ts';
import { swarmCommandSchema, swarmConfigSchema, type SwarmConfig } from './swarm-config.ts';
import type { SwarmContext, SwarmMember } from './context.ts';
import { startCanarySink, startStun } from './datagrams.ts';
import { startDht } from './dht.ts';
import { Observer } from './observer.ts';
import { startTracker } from './tracker.ts';

/** The wall clock is slewed by NTP at up to 0.5 ms a second; each reading costs at most 3 ms. */
const RECALIBRATE_MS = 60_000;

async function startSwarm(config: SwarmConfig, context: SwarmContext): Promise<SwarmMember[]> {
  const observers = await Promise.all(config.observers.map((observer) => Observer.start(observer, config, context)));
  const learning: SwarmContext = {
    ...context,
    onPeerLearnt: (address, port) => {
      for (const observer of observers) observer.learn({ address, port });
    },
  };
  const others = await Promise.all([
    startTracker(config, learning),
    startDht(config, learning),
    ...(config.stun === null ? [] : [startStun(config.stun, context)]),
    ...(config.canarySink === null ? [] : [startCanarySink(config.canarySink, context)]),
  ]);
  return [...observers, ...others];
}

async function start(file: string, print: (line: object) => void): Promise<Serving> {
  const config = swarmConfigSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const clock = new Clock(BigInt(config.originUnixNs));
  const recalibrating = setInterval(() => clock.recalibrate(), RECALIBRATE_MS);
  const payload = makePayload(config.payload);
  const members = await startSwarm(config, {
    clock,
    payload,
    report: print,
    onPeerLearnt: () => undefined,
    warn: (member, error) => process.stderr.write(`${member}: ${error.message}\n`),
  });
  print({ ready: true, infoHash: payload.infoHash });
  return {
    onLine: (line) => {
      swarmCommandSchema.parse(JSON.parse(line));
      for (const member of members) member.forgetMarked?.();
    },
    stop: () => {
      clearInterval(recalibrating);
      for (const member of members) member.stop();
    },
  };
}

await serve(start);
