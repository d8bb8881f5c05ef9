/**
 * What a trial is about: the kill switch, the tunnel and the client on the client host. Each is started when the
 * scenario's order says; a switch may move the tunnel, bring one of another kind, or give the client a host of its own.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { clientById } from '../../clients/index.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { Binding, ClientJob, RunningClient, TorrentClient } from '../../contracts/client.ts';
import type { FaultSubjects, Starter } from '../../contracts/fault.ts';
import type { Host } from '../../contracts/host.ts';
import type { EngagedSwitch } from '../../contracts/kill-switch.ts';
import type { Lab, Tunnel } from '../../contracts/lab.ts';
import { Unsupported, describeExit } from '../../contracts/errors.ts';
import { NOBODY } from '../../contracts/unprivileged.ts';
import { assertInstalled } from '../labs/installed.ts';
import type { Instruments } from './instruments.ts';
import { changedLab } from '../labs/changed.ts';
import { switchOf } from './cell.ts';
import { markedIn } from './persisted.ts';
import type { TrialSpec } from './spec.ts';
import type { Timeline } from './live-timeline.ts';

const PEER_PORT = 51_000;
const CONTROL_PORT = 52_000;
/** A client asked to end has this long to say good-bye to its trackers. */
const STOP_SECONDS = 10;
/**
 * A client that has not accepted its torrent by then does not any more: the slowest, a Java virtual machine, needs 8 s
 * on a quiet machine of two cores and 30 s on one whose load is 25.
 */
const START_SECONDS = 60;

export interface SubjectParts {
  readonly lab: Lab;
  readonly spec: TrialSpec;
  readonly instruments: Instruments;
  readonly timeline: Timeline;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export class Subject implements FaultSubjects {
  readonly #parts: SubjectParts;
  readonly #client: TorrentClient;
  #switch: EngagedSwitch | null = null;
  #tunnelIsUp = false;
  #job: ClientJob | null = null;
  #running: RunningClient | null = null;
  /** How the client's last process ended; null while it runs. */
  exit: string | null = null;
  /** Whether the client ended unasked: it crashed, or somebody killed it. */
  endedByItself = false;
  #askedToEnd = false;
  version: string | null = null;

  constructor(parts: SubjectParts) {
    this.#parts = parts;
    this.#client = parts.lab.client ?? clientById(parts.spec.cell.client);
  }

  get engaged(): EngagedSwitch {
    if (this.#switch === null) throw new Error('the kill switch has not been engaged yet');
    return this.#switch;
  }

  /** Binding of the client, for the record. */
  get binding(): string {
    const binding = this.#job?.binding ?? { kind: 'none' };
    switch (binding.kind) {
      case 'none':
        return 'none';
      case 'interface':
        return `interface ${binding.device}`;
      case 'address':
        return `addresses ${binding.address4}, ${binding.address6}`;
    }
  }

  /** The lab as a fault meets it: with the tunnel in use, and the host on which tunnel and client live. */
  get lab(): Lab {
    const { lab } = this.#parts;
    return changedLab(lab, { hosts: { ...lab.hosts, client: this.#host }, tunnel: this.#tunnel });
  }

  get #host(): Host {
    return this.#switch?.clientHost ?? this.#parts.lab.hosts.client;
  }

  get #tunnel(): Tunnel {
    return this.#switch?.tunnel ?? this.#parts.lab.tunnel;
  }

  async engage(): Promise<void> {
    const { lab, spec, timeline, clock, signal } = this.#parts;
    const { killSwitch } = spec.cell;
    const engaged = await switchOf(spec.cell).engage({
      host: lab.hosts.client,
      vpn: lab.hosts.vpn,
      tunnel: lab.tunnel,
      clock,
      identity: lab.identity,
      signal,
    });
    this.#switch = engaged;
    if (engaged.tunnel !== undefined && this.#tunnelIsUp) {
      throw new Unsupported(`${killSwitch} brings its own tunnel: it cannot be engaged after the tunnel`);
    }
    const client = this.exit === null ? this.#running : null;
    if (engaged.clientHost !== lab.hosts.client && client !== null) {
      throw new Unsupported(`${killSwitch} is where the client lives: it cannot be engaged after the client`);
    }
    timeline.add({ kind: 'switch', atNs: clock.nowNs(), stage: 'engaged', detail: killSwitch });
    if (this.#tunnelIsUp) await engaged.tunnelUp();
    if (client !== null) await engaged.clientStarted(client);
  }

  async tunnelUp(): Promise<void> {
    const span = await this.#tunnel.up();
    this.#tunnelIsUp = true;
    this.#parts.timeline.add({ kind: 'tunnel', atNs: span.afterNs, state: 'up', span });
    await this.#switch?.tunnelUp();
  }

  async startClient(): Promise<void> {
    const { spec, instruments } = this.#parts;
    const host = this.#host;
    const folder = (name: string): string => path.join(host.folder, name);
    const torrentFile = folder('payload.torrent');
    for (const name of ['state', 'downloads']) await mkdir(folder(name), { recursive: true });
    await writeFile(torrentFile, instruments.payload.torrentFile);
    const { uid, gid } = host.unprivileged ?? NOBODY;
    await host.run(['chown', '-R', `${uid}:${gid}`, folder('state'), folder('downloads')], { anyStatus: true });
    this.#job = {
      torrent: spec.torrent.magnet ? { magnet: instruments.magnet } : { file: torrentFile },
      stateFolder: folder('state'),
      downloadFolder: folder('downloads'),
      binding: this.#binding(),
      features: spec.features,
      peerPort: PEER_PORT,
      controlPort: CONTROL_PORT,
      dhtBootstrap: instruments.dhtRouters,
    };
    await assertInstalled(this.#client, host);
    this.version = await this.#client.version(host);
    await this.#start(this.#job);
  }

  clientPids(): readonly number[] {
    return this.exit === null ? (this.#running?.pids ?? []) : [];
  }

  async shutDown(): Promise<void> {
    await this.stopClient();
    const span = await this.#tunnel.down();
    this.#tunnelIsUp = false;
    this.#parts.timeline.add({ kind: 'tunnel', atNs: span.afterNs, state: 'down', span });
    await this.#switch?.[Symbol.asyncDispose]();
    this.#switch = null;
  }

  /** Starts one of the three, for the first time or again. */
  async start(what: Starter): Promise<void> {
    switch (what) {
      case 'switch':
        return this.engage();
      case 'tunnel':
        return this.tunnelUp();
      case 'client':
        return this.#job === null ? this.startClient() : this.#start(this.#job);
    }
  }

  /** Ends the client the way a user would. */
  async stopClient(): Promise<void> {
    this.#askedToEnd = true;
    await this.#running?.stop(STOP_SECONDS);
    await this.#parts.lab.hosts.client.endUnprivileged?.();
    this.#tellPersisted();
  }

  /** Reports which marked members the client has in its files, now that it has ended. */
  #tellPersisted(): void {
    const { instruments, timeline, clock } = this.#parts;
    const { marked } = instruments.swarm;
    if (marked === undefined || this.#job === null) return;
    for (const { path: file, holds } of this.#client.persists) {
      const found = markedIn(this.#job.stateFolder, file, instruments.swarm);
      timeline.add({ kind: 'persisted', atNs: clock.nowNs(), path: file, holds, marked: found });
    }
  }

  /** Last lines of the client's log; none where it has not run or does not say. */
  async logTail(lines: number): Promise<readonly string[]> {
    return (await this.#running?.logTail(lines).catch(() => [])) ?? [];
  }

  /** Adds to the timeline what the switch says it did, and when. */
  async tellInstants(): Promise<void> {
    for (const said of (await this.#switch?.instants()) ?? []) this.#parts.timeline.add({ kind: 'switch', ...said });
  }

  async #start(job: ClientJob): Promise<void> {
    const { timeline, clock, signal } = this.#parts;
    const late = new Error(`${this.#client.title} had not accepted its torrent within ${START_SECONDS} s`);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(late), START_SECONDS * 1000);
    const client = await this.#client
      .start(this.#host, job, AbortSignal.any([signal, limit.signal]))
      .finally(() => clearTimeout(timer));
    this.#running = client;
    this.exit = null;
    this.#askedToEnd = false;
    this.endedByItself = false;
    timeline.add({ kind: 'client-started', atNs: clock.nowNs() });
    void client.exited.then((status) => {
      this.exit = describeExit(status);
      this.endedByItself = !this.#askedToEnd;
      timeline.add({ kind: 'client-exited', atNs: clock.nowNs(), status: this.exit });
    });
    await this.#switch?.clientStarted(client);
  }

  #binding(): Binding {
    const wanted = this.#switch?.binding ?? 'none';
    if (wanted === 'none') return { kind: 'none' };
    const kind = (wanted === 'interface-or-address' ? (['interface', 'address'] as const) : [wanted]).find((each) =>
      this.#client.bindings.includes(each),
    );
    if (kind === undefined) {
      throw new Unsupported(`${this.#client.title} has no option to bind to an ${wanted.replaceAll('-', ' ')}`);
    }
    const { device, config } = this.#tunnel;
    return { kind, device, address4: config.address4, address6: config.address6 };
  }
}
