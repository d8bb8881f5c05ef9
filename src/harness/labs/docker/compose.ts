/**
 * The part of a compose file (compose-spec.io) that the lab follows. What it does not follow is refused rather than left
 * out: a stack with a field ignored would not be the user's stack.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { RequestError } from '../../../contracts/errors.ts';
import { parseYaml } from '../../../contracts/yaml-file.ts';
import { lentPath } from './lent-path.ts';

/** What the lab hands over: `${NAME}` anywhere in a value. */
const HANDED_OVER = {
  KSL_WIREGUARD_CONFIG: 'file for wg-quick(8)',
  KSL_WIREGUARD_PRIVATE_KEY: 'the client’s key',
  KSL_WIREGUARD_PUBLIC_KEY: 'the server’s key',
  KSL_WIREGUARD_ADDRESSES: 'inner addresses, separated by a comma',
  KSL_WIREGUARD_ENDPOINT_IP: 'the server’s address',
  KSL_WIREGUARD_ENDPOINT_PORT: 'the server’s port',
  KSL_KILL_SWITCH: '«on», or «off» in the arm «none»',
  KSL_TORRENT: 'the .torrent file',
  KSL_DOWNLOADS: 'an empty folder everybody may write to',
} as const;
export type HandedOver = Partial<Readonly<Record<keyof typeof HANDED_OVER, string>>>;

const PLACEHOLDER = /\$(?:\{(\w+)\}|(\w+))/g;
/** Never more than the engine's default and these: a stack with SYS_ADMIN could leave the lab. */
const CAPABILITIES = ['NET_ADMIN', 'NET_RAW'] as const;
const TUN = '/dev/net/tun:/dev/net/tun';

const text = z.string().superRefine((value, context) => {
  for (const [, braced, bare] of value.matchAll(PLACEHOLDER)) {
    const name = braced ?? bare ?? '';
    if (Object.hasOwn(HANDED_OVER, name)) continue;
    const message = `the lab hands over no «${name}»; it has ${Object.keys(HANDED_OVER).join(', ')}`;
    context.addIssue({ code: 'custom', message });
  }
});
const scalar = z.union([text, z.number().transform(String), z.boolean().transform(String)]);
const argv = z.array(text, 'write it as a list: [program, argument]').min(1);

/** Names whose value is a path; any other name, in the place of one, would have the engine make a volume of that name. */
const LENT_FILES = ['KSL_WIREGUARD_CONFIG', 'KSL_TORRENT', 'KSL_DOWNLOADS'] as const;
/** Characters of a path in a volume: none of the engine's own (a colon), and none that ends a line or is not seen. */
const PATH = String.raw`[\p{L}\p{N}_.@+\-/ ]`;
const HANDED_VOLUME = new RegExp(
  String.raw`^\$(?:\{(?:${LENT_FILES.join('|')})\}|(?:${LENT_FILES.join('|')})):/${PATH}*(?::ro|:rw)?$`,
  'u',
);
/** Volume of the stack's own: where it really leads is asked of the file system (`lentPath`). */
const OWN_VOLUME = new RegExp(String.raw`^(?<source>\./(?!(?:[^:]*/)?\.\.[/:])${PATH}+):(?<target>/${PATH}*):ro$`, 'u');
const volume = text.refine(
  (value) => HANDED_VOLUME.test(value) || OWN_VOLUME.test(value),
  `must be «\${NAME}:/path» (${LENT_FILES.join(', ')}) or, read-only, «./path:/path:ro»: nothing else of this machine is ` +
    'lent to a stack, and no volume is made for it',
);
/** Name of an image as the engine takes it, with a tag or a digest. */
const image = z
  .string()
  .regex(/^[A-Za-z0-9]+(?:[._:/@-]+[A-Za-z0-9_]+)*$/, 'must be the name of an image, e.g. «example/vpn:1.2»')
  .max(255, 'is longer than the 255 characters of an image’s name');
/** Folder to build an image from. */
const context = z
  .string()
  .max(4096)
  .regex(new RegExp(`^\\.(?:/${PATH}*)?$`, 'u'), 'must be the path of a folder, «./path»');
/** Name of a setting of the network's, as sysctl(8) has it: it may not climb out of /proc/sys/net. */
const SYSCTL = /^net(?:\.[A-Za-z0-9_-]{1,64}){1,8}$/;
const sysctlValue = scalar.refine((value) => /^[\w. -]{1,64}$/.test(value), 'must be a number or a word or several');
const sysctls = z.record(z.string(), sysctlValue).superRefine((settings, context) => {
  for (const name of Object.keys(settings).filter((each) => !SYSCTL.test(each))) {
    const message = 'must begin with «net.» and have letters, digits, «_» and «-» between the dots';
    context.addIssue({ code: 'custom', path: [name], message });
  }
});
/** Name of a network device that is neither the lab's own nor a folder of /proc/sys/net (IFNAMSIZ: 15 characters). */
export const tunnelDevice = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,14}$/,
    'must be the name of a network device: a letter, then up to 14 letters, digits, «_», «-»',
  )
  .refine(
    (name) => !['lo', 'eth0', 'all', 'default'].includes(name),
    'is not the tunnel’s: lo and eth0 are the lab’s own',
  );
const environment = z.union([
  z.record(z.string().regex(/^\w+$/, 'must be a name: letters, digits, «_»'), scalar),
  z
    .array(text.regex(/^\w+=/, 'must be NAME=value'))
    .transform((list) =>
      Object.fromEntries(list.map((entry) => [entry.split('=')[0] ?? '', entry.slice(entry.indexOf('=') + 1)])),
    ),
]);

export const composeServiceSchema = z
  .strictObject({
    image: image.optional(),
    build: context.optional(),
    command: argv.optional(),
    entrypoint: argv.optional(),
    environment: environment.default({}),
    volumes: z.array(volume).default([]),
    cap_add: z.array(z.enum(CAPABILITIES)).default([]),
    devices: z.array(z.literal(TUN)).default([]),
    sysctls: sysctls.default({}),
    user: z
      .string()
      .regex(/^[\w.-]{1,64}(?::[\w.-]{1,64})?$/, 'must be a user, or «user:group»')
      .optional(),
    network_mode: z
      .string()
      .regex(/^service:./, 'must be «service:NAME»; without it the service is on the lab’s client host itself')
      .optional(),
    depends_on: z.array(z.string(), 'must be a list: the VPN is always started first').default([]),
  })
  .refine((service) => (service.image === undefined) !== (service.build === undefined), 'needs either image or build');

const composeSchema = z.strictObject({
  name: z.string().optional(),
  services: z.record(z.string(), composeServiceSchema),
});
export type ComposeService = z.infer<typeof composeServiceSchema>;

/** Where a stack is and what its services are for, as a scenario says. */
export const stackFieldSchema = z.strictObject({
  /** The compose file, from the scenario's folder. */
  file: z.string().min(1),
  /** The service that is the torrent client. */
  client: z.string().min(1),
  /** The service whose network it shares. */
  vpn: z.string().min(1),
  /** The tunnel's device. */
  device: tunnelDevice.default('wg0'),
});
export type StackField = z.infer<typeof stackFieldSchema>;

export interface Compose {
  /** The folder that relative paths start from. */
  readonly folder: string;
  readonly client: ComposeService;
  readonly vpn: ComposeService;
}

/** Reads the compose file of a scenario in `folder`. Throws `RequestError`. */
export async function readCompose(field: StackField, folder: string): Promise<Compose> {
  const file = path.resolve(folder, field.file);
  const named = path.relative('', file);
  const source = await composeText(file).catch(() => {
    throw new RequestError(
      `The stack's compose file ${named} cannot be read: give the path of a file of at most ${MOST_BYTES} bytes, ` +
        "from the scenario's folder.",
    );
  });
  const { services } = parseYaml(composeSchema, source, named);
  const service = (name: string): ComposeService => {
    const found = services[name];
    if (found !== undefined) return found;
    throw new RequestError(`${named} has no service «${name}»; it has ${Object.keys(services).join(', ')}.`);
  };
  const [client, vpn] = [service(field.client), service(field.vpn)];
  const more = Object.keys(services).filter((name) => name !== field.client && name !== field.vpn);
  if (more.length > 0) {
    throw new RequestError(`${named}: the lab runs two services, client and VPN; take out ${more.join(', ')}.`);
  }
  if (client.network_mode !== `service:${field.vpn}` || vpn.network_mode !== undefined) {
    throw new RequestError(
      `${named}: services.${field.client}.network_mode must be «service:${field.vpn}», and services.${field.vpn} must have none.`,
    );
  }
  const stackFolder = path.dirname(file);
  for (const [name, { volumes, build }] of [[field.client, client] as const, [field.vpn, vpn] as const]) {
    const at = `${named}: services.${name}`;
    for (const each of volumes) await bindOf(stackFolder, each, `${at}.volumes`);
    if (build !== undefined) await lentPath(stackFolder, build, `${at}.build`);
  }
  return { folder: stackFolder, client, vpn };
}

/** Longest compose file, in bytes. */
const MOST_BYTES = 1 << 20;

/** Reads a regular file that is not too long: a pipe would be waited for, a device never ends. */
async function composeText(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MOST_BYTES)
      throw new Error(`${file} is no file of at most ${MOST_BYTES} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** A volume as the engine is told it: with the real path of what is the stack's own. Throws `RequestError`. */
export async function bindOf(folder: string, volume: string, field: string): Promise<string> {
  const { source, target } = OWN_VOLUME.exec(volume)?.groups ?? {};
  if (source === undefined || target === undefined) return volume;
  return `${await lentPath(folder, source, field)}:${target}:ro`;
}

/** A value with what the lab hands over in the place of its names. */
export function filledIn(value: string, handedOver: HandedOver): string {
  const values: Readonly<Record<string, string | undefined>> = handedOver;
  return value.replace(PLACEHOLDER, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    return (Object.hasOwn(HANDED_OVER, name) ? values[name] : undefined) ?? '';
  });
}
