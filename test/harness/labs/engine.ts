/** An engine for the tests: the one that answers, else the distribution's, installed and started for their time. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { connectEngine, type Engine } from '../../../src/harness/labs/docker/engine.ts';
import { provideImages, type LabImages } from '../../../src/harness/labs/docker/images.ts';
import { findCommand, provide } from '../../../src/harness/provision.ts';

const DOCKER = { command: 'dockerd', package: 'docker.io' };

export class TestEngine {
  #started: ChildProcess | null = null;

  /** The engine and the lab's images; a text instead says why there are none. */
  async open(): Promise<{ engine: Engine; images: LabImages } | string> {
    const say = (line: string): void => console.log(`      ${line}`);
    try {
      const engine = await connectEngine().catch(async () => {
        if (process.getuid?.() !== 0) throw new Error('no engine answers, and only root can start one');
        if (findCommand(DOCKER.command) === null) await provide([DOCKER], say);
        await this.#start();
        return connectEngine();
      });
      return { engine, images: await provideImages(engine.docker, [], say) };
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Starts the daemon; resolves when it says that it listens. */
  async #start(): Promise<void> {
    const daemon = spawn('dockerd', [], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#started = daemon;
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: daemon.stderr }).on('line', (line) => {
        said.push(line);
        if (line.includes('API listen on')) resolve();
      });
      daemon.once('exit', () => reject(new Error(`dockerd did not start: ${said.slice(-2).join(' | ')}`)));
      daemon.once('error', reject);
    });
  }

  /** Ends the daemon where it was started here. */
  async close(): Promise<void> {
    const daemon = this.#started;
    if (daemon === null) return;
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    await ended;
  }
}
