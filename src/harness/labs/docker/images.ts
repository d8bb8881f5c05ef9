/**
 * The lab's images, built when missing: a base, the lab's tools on it, the plan's torrent clients on those. A tag names the
 * content it was asked for (base, Dockerfile, packages), so that a changed catalogue makes new images and an unchanged
 * one none.
 *
 * The base is Debian's own image where a registry answers, else a minimal system made of this machine's package
 * sources (docker/base.sh).
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import * as z from 'zod';
import { inProject } from '../../../contracts/places.ts';
import type { Need } from '../../../contracts/host.ts';
import { RequestError, messageOf } from '../../../contracts/errors.ts';
import { findCommand, provide } from '../provision.ts';
import { LABEL } from './engine.ts';
import type { Stack } from './user-stack.ts';

const CONTEXT = inProject('docker');
const REPOSITORY = 'killswitch-lab';
const REGISTRY_BASE = 'debian:bookworm-slim';
const OWN_BASE = `${REPOSITORY}/base:own`;

/**
 * Packages of every host of a lab in containers beside those of every trial: the VPN host's end of the tunnel that is not
 * WireGuard (src/killswitches/openvpn.ts), and what the mounted Node.js is linked against (libatomic since 26).
 */
const HOST_PACKAGES = ['curl', 'iputils-ping', 'libatomic1', 'libstdc++6', 'openvpn'];

function packagesOf(needs: readonly Need[]): string[] {
  return needs.map((need) => need.package);
}

/** Packages by where they go: every host of a lab has the first, the client's host the others too. */
export interface ImageNeeds {
  readonly trial: readonly Need[];
  readonly plan: readonly Need[];
}

export interface LabImages {
  readonly labImage: string;
  readonly clientImage: string;
  /** Versions of the packages in them, as the images say. */
  readonly versions: Readonly<Record<string, string>>;
  readonly stack?: Stack;
}

/**
 * Finds or builds the images for what a plan needs beside the lab's own tools (only that: some clients bring a whole
 * desktop). With `own`, a user's image that has the client already, the client's host is that image with the lab's tools
 * on it. Throws `RequestError` with what to do where that is not possible.
 */
export async function provideImages(
  docker: Docker,
  needs: ImageNeeds,
  say: (line: string) => void,
  own: string | null = null,
): Promise<LabImages> {
  const labPackages = [...packagesOf(needs.trial), ...HOST_PACKAGES];
  const onBase = async (): Promise<string> => provideBase(docker, say);
  const labImage = await layer(docker, 'lab', labPackages, 'base', onBase, say);
  const packages = packagesOf(needs.plan).filter((name) => !labPackages.includes(name));
  let clientImage = labImage;
  if (own !== null) {
    clientImage = await layer(docker, 'own', labPackages, await imageId(docker, own), () => Promise.resolve(own), say);
  } else if (packages.length > 0) {
    clientImage = await layer(docker, 'clients', packages, labImage, () => Promise.resolve(labImage), say);
  }
  const versions = await packageVersions(docker, clientImage, sorted([...labPackages, ...packagesOf(needs.plan)]));
  return { labImage, clientImage, versions: own === null ? versions : { ...versions, 'client image': own } };
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** The image with these packages on that base, `under` naming the base's content; built when there is none. */
async function layer(
  docker: Docker,
  name: string,
  packages: readonly string[],
  under: string,
  base: () => Promise<string>,
  say: (line: string) => void,
): Promise<string> {
  const list = sorted(packages).join(' ');
  const dockerfile = await readFile(path.join(CONTEXT, 'Dockerfile'), 'utf8');
  const content = createHash('sha256').update([under, dockerfile, list].join('\0')).digest('hex');
  const tag = `${REPOSITORY}/${name}:${content.slice(0, 12)}`;
  if (await hasImage(docker, tag)) return tag;
  const from = await base();
  say(`building the image ${tag}, once`);
  await build(docker, tag, { context: CONTEXT, src: ['Dockerfile'] }, { BASE: from, PACKAGES: list });
  return tag;
}

/** The id of a user's image, pulled when it is not here. */
export async function imageId(docker: Docker, name: string): Promise<string> {
  if (!(await hasImage(docker, name))) {
    try {
      await followed(docker, await docker.pull(name));
    } catch (error) {
      throw new RequestError(
        `The image ${name} is not in this engine and cannot be pulled: ${messageOf(error)}. Build or load it first; ` +
          'it must be made on Debian or Ubuntu, since the lab adds its tools with apt-get.',
      );
    }
  }
  return (await docker.getImage(name).inspect()).Id;
}

export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch {
    return false;
  }
}

/** A system to install packages on. The one made here before is taken first: nobody waits twice. */
export async function provideBase(docker: Docker, say: (line: string) => void): Promise<string> {
  for (const name of [OWN_BASE, REGISTRY_BASE]) if (await hasImage(docker, name)) return name;
  say(`pulling ${REGISTRY_BASE}, once`);
  try {
    await followed(docker, await docker.pull(REGISTRY_BASE));
    return REGISTRY_BASE;
  } catch (error) {
    say(`no registry: ${messageOf(error)}; making a base of this machine's own package sources, once`);
  }
  await provide([{ command: 'mmdebstrap', package: 'mmdebstrap' }], say);
  if (findCommand('mmdebstrap') === null) throw new RequestError('mmdebstrap is missing: install it, or a base image.');
  const system = spawn(path.join(CONTEXT, 'base.sh'), { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints = text(system.stderr);
  const ended = new Promise<number | null>((resolve) => system.once('close', resolve));
  const imported = await docker.importImage(system.stdout, { repo: OWN_BASE.split(':')[0], tag: 'own' });
  await followed(docker, imported);
  if ((await ended) !== 0) {
    await docker.getImage(OWN_BASE).remove();
    throw new RequestError(`docker/base.sh could not make a system: ${(await complaints).trim().slice(-600)}`);
  }
  return OWN_BASE;
}

/** `src`: the files of the folder `context` that the build sees. */
export async function build(
  docker: Docker,
  tag: string,
  context: { readonly context: string; readonly src: string[] },
  buildargs: Readonly<Record<string, string>>,
): Promise<void> {
  const labels = { [LABEL.project]: 'image' };
  try {
    const network = await buildNetwork(docker);
    await followed(docker, await docker.buildImage(context, { t: tag, buildargs, labels, forcerm: true, ...network }));
  } catch (error) {
    throw new RequestError(
      `The image ${tag} could not be built: ${messageOf(error)}. The build installs packages over the engine's default ` +
        'network: that network must reach the package sources of the base image.',
    );
  }
}

const networksSchema = z.array(z.looseObject({ Name: z.string() }));

/** The engine's default network; the machine's own where the engine was started without a bridge (own-engine.ts). */
async function buildNetwork(docker: Docker): Promise<{ networkmode?: 'host' }> {
  const networks = networksSchema.parse(await docker.listNetworks());
  return networks.some(({ Name }) => Name === 'bridge') ? {} : { networkmode: 'host' };
}

const progressSchema = z.array(z.looseObject({ stream: z.string().optional(), error: z.string().optional() }));

/** Reads the engine's report of a pull, import or build to its end; throws what it says went wrong, with what led there. */
export async function followed({ modem }: Docker, report: NodeJS.ReadableStream): Promise<void> {
  const lines = await new Promise<unknown>((resolve, reject) => {
    modem.followProgress(report, (error, all: unknown) => (error === null ? resolve(all) : reject(error)));
  });
  let said = '';
  for (const { stream, error } of progressSchema.parse(lines)) {
    said = (said + (stream ?? '')).slice(-1500);
    if (error !== undefined) throw new Error(`${error}${said === '' ? '' : `\n${said.trim()}\n`}`);
  }
}

/** What dpkg in the image says of the packages it was built for. */
async function packageVersions(
  docker: Docker,
  image: string,
  packages: readonly string[],
): Promise<Record<string, string>> {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['dpkg-query', '--show', '--showformat=${Package} ${Version}\\n', ...packages],
    Labels: { [LABEL.project]: 'versions' },
    Tty: true,
    HostConfig: { NetworkMode: 'none', AutoRemove: true, CapDrop: ['ALL'] },
  });
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  const printed = text(output);
  await container.start();
  return Object.fromEntries(
    (await printed).split('\n').flatMap((line) => {
      const [name, version, ...rest] = line.trim().split(' ');
      return name !== undefined && version !== undefined && rest.length === 0 ? [[name, version]] : [];
    }),
  );
}
