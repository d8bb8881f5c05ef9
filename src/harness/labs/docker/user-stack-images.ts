/** The images of a user's stack: those that are there or can be pulled, and those that a service says how to build. */
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import { RequestError } from '../../../contracts/errors.ts';
import { lentPath } from './lent-path.ts';
import { readCompose, type ComposeService, type StackField } from './compose.ts';
import { build, hasImage, imageId, provideBase } from './images.ts';
import type { Stack } from './user-stack.ts';

/**
 * The stack of a scenario in `folder`, its images present. A Dockerfile gets the lab's base image as the build argument
 * BASE, which it may take. Throws `RequestError`.
 */
export async function provideStack(
  docker: Docker,
  field: StackField,
  folder: string,
  say: (line: string) => void,
): Promise<Stack> {
  const compose = await readCompose(field, folder);
  const withImage = async (name: string, service: ComposeService): Promise<ComposeService> => {
    if (service.build !== undefined) {
      const context = await lentPath(compose.folder, service.build, `services: ${name}: build`);
      return { ...service, build: undefined, image: await provideBuilt(docker, name, context, say) };
    }
    await imageId(docker, service.image ?? '');
    return service;
  };
  return {
    folder: compose.folder,
    device: field.device,
    client: await withImage('client', compose.client),
    vpn: await withImage('vpn', compose.vpn),
  };
}

/** Named by its content: a changed file makes a new image. */
async function provideBuilt(
  docker: Docker,
  name: string,
  context: string,
  say: (line: string) => void,
): Promise<string> {
  const entries = await readdir(context, { withFileTypes: true }).catch((): Dirent[] => []);
  const src = entries.map((entry) => entry.name);
  if (!src.includes('Dockerfile')) {
    throw new RequestError(`services: build: ${context} has no Dockerfile. Give a folder that has one, or an image.`);
  }
  const other = entries.find((entry) => !entry.isFile());
  if (other !== undefined) {
    throw new RequestError(
      `services: build: ${context}: «${other.name}» is no file of its own (a folder, a link, a pipe). Take it out: an image ` +
        'is built from the files that lie in the folder itself.',
    );
  }
  const base = await provideBase(docker, say);
  const content = createHash('sha256').update(base);
  for (const file of src.sort()) content.update(file).update(await readFile(path.join(context, file)));
  const tag = `killswitch-lab/stack-${name}:${content.digest('hex').slice(0, 12)}`;
  if (!(await hasImage(docker, tag))) {
    say(`building the image ${tag}, once`);
    await build(docker, tag, { context, src }, { BASE: base });
  }
  return tag;
}
