/**
 * The container engine: whether one answers, and the labels by which everything of the project's is known. Speaks the
 * engine's API alone (1.41, of 2020, and newer); the `docker` command is not needed.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import Docker from 'dockerode';
import * as z from 'zod';
import { RequestError, messageOf } from '../../../contracts/errors.ts';

/** Every container and image of the project carries the first; those of a trial the others as well. */
export const LABEL = {
  project: 'killswitch-lab',
  campaign: 'killswitch-lab.campaign',
  trial: 'killswitch-lab.trial',
  /** The process that opened the lab; see sweep.ts. */
  owner: 'killswitch-lab.owner',
} as const;

/** Docker 20.10, the oldest engine the lab was tried on; read-only paths per container came with 1.38. */
const OLDEST_API = [1, 41] as const;

const versionSchema = z.looseObject({ Version: z.string(), ApiVersion: z.string(), Os: z.string(), Arch: z.string() });
const infoSchema = z.looseObject({ OperatingSystem: z.string(), SecurityOptions: z.array(z.string()).nullable() });

export interface Engine {
  readonly docker: Docker;
  readonly version: string;
  readonly api: string;
  readonly rootless: boolean;
}

/** The engine of DOCKER_HOST, else a rootless one of this user, else the system's. */
export function engineClient(): Docker {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const own = runtime === undefined ? null : path.join(runtime, 'docker.sock');
  if (process.env['DOCKER_HOST'] === undefined && own !== null && existsSync(own))
    return new Docker({ socketPath: own });
  return new Docker();
}

/** Asks the engine who it is. Throws `RequestError` that says what to do where none answers or it cannot hold a lab. */
export async function connectEngine(): Promise<Engine> {
  const docker = engineClient();
  let version: z.infer<typeof versionSchema>;
  let info: z.infer<typeof infoSchema>;
  try {
    version = versionSchema.parse(await docker.version());
    info = infoSchema.parse(await docker.info());
  } catch (error) {
    throw new RequestError(noEngine(messageOf(error)));
  }
  const [major = 0, minor = 0] = version.ApiVersion.split('.').map(Number);
  if (major < OLDEST_API[0] || (major === OLDEST_API[0] && minor < OLDEST_API[1])) {
    throw new RequestError(
      `The Docker engine speaks API ${version.ApiVersion}; the lab needs ${OLDEST_API.join('.')} (Docker 20.10) or newer.`,
    );
  }
  // Docker Desktop's virtual machine has another kernel, clock and file system than the harness.
  if (version.Os !== 'linux' || process.platform !== 'linux' || info.OperatingSystem === 'Docker Desktop') {
    throw new RequestError(
      `The engine runs on ${info.OperatingSystem}, this program on ${process.platform}: they must share one Linux ` +
        'kernel, whose clock dates packets and faults alike. Run the project inside a Linux machine with its own engine.',
    );
  }
  const rootless = (info.SecurityOptions ?? []).some((option) => option.includes('rootless'));
  return { docker, version: version.Version, api: version.ApiVersion, rootless };
}

function noEngine(reason: string): string {
  const denied = reason.includes('EACCES');
  return (
    `No Docker engine answers (${reason}). ` +
    (denied
      ? 'This user may not speak to it: join the group with «sudo usermod -aG docker $USER» and log in again, or use sudo.'
      : 'Start it with «sudo systemctl start docker» (or «sudo dockerd &»), install it with «sudo apt-get install ' +
        'docker.io», or point DOCKER_HOST at one on this machine.')
  );
}

/** Statuses of what goes either way: not found, or its removal under way already. */
const GOING = [404, 409];
const refusalSchema = z.looseObject({ statusCode: z.number() });

export async function removeContainer(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    const refusal = refusalSchema.safeParse(error);
    if (!refusal.success || !GOING.includes(refusal.data.statusCode)) throw error;
  }
}

/**
 * Parts what a container without a terminal writes (Docker Engine API, «Attach to a container», stream format): its
 * output and its complaints, each handed on in the turn of the event loop in which its bytes have come.
 */
export function partStreams(
  docker: Docker,
  attached: NodeJS.ReadableStream,
  onOutput: (chunk: Buffer) => void,
  onComplaint: (chunk: Buffer) => void,
): void {
  docker.modem.demuxStream(attached, sink(onOutput), sink(onComplaint));
}

function sink(onChunk: (chunk: Buffer) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _, done) {
      onChunk(chunk);
      done();
    },
  });
}
