/**
 * The tracker: bittorrent-tracker's own server over HTTP, UDP and WebSocket, IPv4 and IPv6, with every announce and scrape
 * reported at the first instant JavaScript sees the request. Observers are registered the way peers are, by announces,
 * and so handed out to whoever asks, beside the real clients.
 *
 * Two things differ from the library, both so that clients get correct answers: over UDP on IPv6 it would send IPv4
 * peers, which BEP 15 readers take for IPv6 ones; and an address claimed over UDP, which it misreads, is reported but not
 * believed (nor does opentracker, by default).
 * Over WebSocket it passes offers between peers that speak WebRTC, as for browsers; the observers do not. An offer names
 * its sender's addresses as ICE candidates.
 */
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { parse as parseQuery } from 'node:querystring';
import type { Duplex } from 'node:stream';
import TrackerServer, {
  type AnnounceCallback,
  type AnnounceParams,
  type TrackerSwarm,
} from 'bittorrent-tracker/server';
import * as z from 'zod';
import type { InstrumentEvent } from '../../records/timeline.ts';
import { CANARY_INFO_HASH } from '../canary.ts';
import type { SwarmConfig } from './swarm-config.ts';
import type { SwarmContext, SwarmMember } from './context.ts';

/** Well under the 20 minutes after which the library forgets a peer. */
const OBSERVER_ANNOUNCE_MS = 10 * 60 * 1000;

/** Starts the tracker; resolves when all four sockets listen. */
export async function startTracker(config: SwarmConfig, context: SwarmContext): Promise<SwarmMember> {
  const { tracker } = config;
  const server = new LoggedTracker(config, context);
  server.on('warning', (error) => context.warn(tracker.id, error));
  server.on('error', (error) => context.warn(tracker.id, error));
  for (const event of ['start', 'update', 'complete'] as const) server.on(event, (_, params) => learn(params, context));

  const http = [tracker.address4, tracker.address6].map((address) => {
    const listener = createServer((request, response) => {
      server.reportHttp(request);
      server.onHttpRequest(request, response);
    });
    listener.on('upgrade', (request, socket, head) => server.welcome(request, socket, head));
    return listener.listen(tracker.httpPort, address);
  });
  server.listen({ udp: tracker.udpPort }, { udp: tracker.address4, udp6: tracker.address6 });
  await Promise.all([...http, server].map((listener) => once(listener, 'listening')));

  const announceObservers = await registerObservers(server, config, context);
  const timer = setInterval(announceObservers, OBSERVER_ANNOUNCE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      for (const listener of http) closeNow(listener);
      server.close();
    },
  };
}

class LoggedTracker extends TrackerServer {
  readonly #id: string;
  readonly #context: SwarmContext;

  constructor(config: SwarmConfig, context: SwarmContext) {
    super({
      interval: config.tracker.intervalSeconds * 1000,
      http: false,
      udp: true,
      ws: { noServer: true },
      stats: false,
    });
    this.#id = config.tracker.id;
    this.#context = context;
  }

  override onUdpRequest(message: Buffer, remote: RemoteInfo): void {
    this.#reportUdp(message, remote);
    const believed = Buffer.from(message);
    if (isUdpAnnounce(message)) believed.writeUInt32BE(0, UDP_IP_OFFSET);
    super.onUdpRequest(believed, remote);
  }

  override _onAnnounce(params: AnnounceParams, callback: AnnounceCallback): void {
    if (params.type === 'ws') this.#reportWebSocket(params);
    const overUdp6 = params.type === 'udp' && params.ip.includes(':');
    super._onAnnounce(params, (error, response) => {
      callback(error, overUdp6 && response !== undefined ? { ...response, peers: response.peers6 } : response);
    });
  }

  /** A peer that asks to go on over WebSocket. */
  welcome(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    this.ws.handleUpgrade(request, socket, head, (connection) => this.ws.emit('connection', connection, request));
  }

  reportHttp(request: IncomingMessage): void {
    const atNs = this.#context.clock.nowNs();
    const common = {
      atNs,
      party: this.#id,
      transport: 'http' as const,
      sourceAddress: request.socket.remoteAddress ?? '',
      sourcePort: request.socket.remotePort ?? 0,
    };
    const url = request.url ?? '';
    if (url.split('?')[0] === '/scrape') this.#context.report({ kind: 'tracker-scrape', ...common });
    const announce = readHttpAnnounce(url);
    if (announce !== null) this.#context.report({ kind: 'tracker-announce', ...common, ...announce });
  }

  #reportWebSocket(params: AnnounceParams): void {
    const offers = offersSchema.safeParse(params.offers).data ?? [];
    this.#context.report({
      kind: 'tracker-announce',
      atNs: this.#context.clock.nowNs(),
      party: this.#id,
      transport: 'ws',
      sourceAddress: params.ip,
      sourcePort: params.port,
      infoHash: params.info_hash,
      peerId: params.peer_id,
      // A peer in a browser listens on no port: whoever wants it answers its offer.
      port: 0,
      event: params.event === 'update' ? '' : params.event,
      claimedAddresses: [...new Set(offers.flatMap(({ offer }) => candidatesIn(offer.sdp)))],
    });
  }

  #reportUdp(message: Buffer, remote: RemoteInfo): void {
    const atNs = this.#context.clock.nowNs();
    const common = {
      atNs,
      party: this.#id,
      transport: 'udp' as const,
      sourceAddress: remote.address,
      sourcePort: remote.port,
    };
    if (message.length >= 16 && message.readUInt32BE(8) === UDP_SCRAPE)
      this.#context.report({ kind: 'tracker-scrape', ...common });
    const announce = readUdpAnnounce(message);
    if (announce !== null) this.#context.report({ kind: 'tracker-announce', ...common, ...announce });
  }
}

type Announce = Pick<
  Extract<InstrumentEvent, { kind: 'tracker-announce' }>,
  'infoHash' | 'peerId' | 'port' | 'event' | 'claimedAddresses'
>;

/** What an announce over HTTP says, by the path and query of its request; null for any other request. */
export function readHttpAnnounce(url: string): Announce | null {
  const [path, query = ''] = url.split('?');
  if (path !== '/announce') return null;
  const fields = parseQuery(query, '&', '=', { decodeURIComponent: latin1 });
  const all = (name: string): string[] => [fields[name] ?? []].flat();
  const hex = (name: string): string => Buffer.from(all(name)[0] ?? '', 'latin1').toString('hex');
  return {
    infoHash: hex('info_hash'),
    peerId: hex('peer_id'),
    port: portOf(all('port')[0]),
    event: all('event')[0] ?? '',
    claimedAddresses: ['ip', 'ipv4', 'ipv6'].flatMap(all),
  };
}

/** What an announce over UDP says (BEP 15); null for any other datagram. */
export function readUdpAnnounce(message: Buffer): Announce | null {
  if (!isUdpAnnounce(message)) return null;
  const claimed = message.subarray(UDP_IP_OFFSET, UDP_IP_OFFSET + 4);
  return {
    infoHash: message.toString('hex', 16, 36),
    peerId: message.toString('hex', 36, 56),
    event: UDP_EVENTS[message.readUInt32BE(80)] ?? '',
    claimedAddresses: claimed.readUInt32BE(0) === 0 ? [] : [claimed.join('.')],
    port: message.readUInt16BE(96),
  };
}

const offersSchema = z.array(z.object({ offer: z.object({ sdp: z.string() }) }));

/** The connection addresses of an offer's ICE candidates (RFC 8839, 5.1). */
function candidatesIn(sdp: string): string[] {
  return [...sdp.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+) /gm)].flatMap(([, address]) => address ?? []);
}

/** Action of an announce in BEP 15. */
const UDP_ANNOUNCE = 1;
const UDP_SCRAPE = 2;
const UDP_ANNOUNCE_BYTES = 98;
const UDP_IP_OFFSET = 84;
const UDP_EVENTS = ['', 'completed', 'started', 'stopped'];

function isUdpAnnounce(message: Buffer): boolean {
  return message.length >= UDP_ANNOUNCE_BYTES && message.readUInt32BE(8) === UDP_ANNOUNCE;
}

/** Puts the observers into the tracker's swarm; what is returned renews them. */
async function registerObservers(
  server: TrackerServer,
  config: SwarmConfig,
  context: SwarmContext,
): Promise<() => void> {
  const swarm = await new Promise<TrackerSwarm>((resolve, reject) => {
    server.createSwarm(context.payload.infoHash, (error, created) => (error ? reject(error) : resolve(created)));
  });
  const announceAll = (): void => {
    for (const observer of config.observers) {
      if (observer.marked === true) continue;
      for (const ip of [observer.address4, observer.address6]) {
        if (ip === null) continue;
        const addr = ip.includes(':') ? `[${ip}]:${observer.port}` : `${ip}:${observer.port}`;
        swarm.announce(
          {
            type: 'http',
            event: 'started',
            info_hash: context.payload.infoHash,
            peer_id: Buffer.from(observer.id.padEnd(20, '-')).toString('hex'),
            ip,
            port: observer.port,
            addr,
            left: 0,
            numwant: 0,
          },
          (error) => {
            if (error) context.warn(config.tracker.id, error);
          },
        );
      }
    }
  };
  announceAll();
  return announceAll;
}

function learn(params: AnnounceParams, context: SwarmContext): void {
  if (params.type !== 'ws' && params.info_hash !== CANARY_INFO_HASH) context.onPeerLearnt(params.ip, params.port);
}

/** Ids are raw bytes behind percent signs: one character a byte, not UTF-8. */
function latin1(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function portOf(text: string | undefined): number {
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : 0;
}

function closeNow(listener: HttpServer): void {
  listener.close();
  listener.closeAllConnections();
}
