/** The compliance suite's view of client-swarm-program.mjs: starts it, keeps what it reports and waits for what it will. */
import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { Host, RunningProcess } from '../../src/contracts/host.ts';

const PROGRAM = fileURLToPath(new URL('client-swarm-program.mjs', import.meta.url));

const eventSchema = z.object({
  event: z.enum(['ready', 'announce', 'payload', 'wire', 'dht', 'pex', 'lsd', 'portMapping', 'utp', 'dns', 'stun']),
  atMs: z.number(),
  address: z.string().optional(),
  magnet: z.string().optional(),
  encrypted: z.boolean().optional(),
});
export type SwarmEvent = z.infer<typeof eventSchema>;

export class Swarm {
  readonly torrentFile: string;
  /** Torrent file of the same content with a WebSocket tracker besides. */
  readonly browsersFile: string;
  magnet = '';
  #events: SwarmEvent[] = [];
  readonly #waiting = new Set<(event: SwarmEvent) => void>();

  private constructor(process: RunningProcess, folder: string) {
    this.torrentFile = join(folder, 'payload.torrent');
    this.browsersFile = join(folder, 'browsers.torrent');
    process.stderr.pipe(globalThis.process.stderr);
    createInterface({ input: process.stdout }).on('line', (line) => {
      const event = eventSchema.parse(JSON.parse(line));
      this.#events.push(event);
      for (const look of [...this.#waiting]) look(event);
    });
  }

  /** Starts it on a host. `readers`: the folder that its torrent files are to be in; `megabytes`: size of the payload. */
  static async start(host: Host, readers: string, megabytes: number): Promise<Swarm> {
    // A host in a container sees its folder, not the tests.
    const program = join(host.folder, 'client-swarm-program.mjs');
    await copyFile(PROGRAM, program);
    const running = await host.spawn([process.execPath, program, host.folder, String(megabytes)]);
    const swarm = new Swarm(running, readers);
    swarm.magnet = (await swarm.sees('ready', '', 10)).magnet ?? '';
    // A container sees its own host's folder alone.
    if (readers !== host.folder) {
      for (const file of [swarm.torrentFile, swarm.browsersFile])
        await copyFile(join(host.folder, basename(file)), file);
    }
    return swarm;
  }

  /** Forgets the events so far, or those of one kind. */
  forget(kind?: SwarmEvent['event']): void {
    this.#events = kind === undefined ? [] : this.#events.filter(({ event }) => event !== kind);
  }

  /** The kinds of event since the last `forget`, from an address that starts so. */
  seen(from: string): ReadonlySet<SwarmEvent['event']> {
    return new Set(this.#events.filter(({ address }) => address?.startsWith(from)).map(({ event }) => event));
  }

  /** Waits for the first event of the kind, since the last `forget`, from an address that starts so. Rejects after `seconds`. */
  sees(kind: SwarmEvent['event'], from: string, seconds: number): Promise<SwarmEvent> {
    const fits = (event: SwarmEvent): boolean => event.event === kind && (event.address ?? '').startsWith(from);
    return new Promise((resolve, reject) => {
      const past = this.#events.find(fits);
      if (past !== undefined) {
        resolve(past);
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const kinds = [...new Set(this.#events.map((event) => event.event))].join(', ') || 'nothing';
        reject(new Error(`the swarm saw no ${kind} from ${from} within ${seconds} s, but ${kinds}`));
      }, seconds * 1000);
      const look = (event: SwarmEvent): void => {
        if (!fits(event)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(event);
      };
      this.#waiting.add(look);
    });
  }
}
