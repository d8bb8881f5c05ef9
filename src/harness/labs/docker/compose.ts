/**
 * The part of a compose file (compose-spec.io) that the lab follows. What it does not follow is refused rather than left
 * out: a stack with a field ignored would not be the user's stack.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { RequestError } from '../../../contracts/errors.ts';
import { parseYaml } from '../../../contracts/yaml-file.ts';

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
    if (name in HANDED_OVER) continue;
    const message = `the lab hands over no «${name}»; it has ${Object.keys(HANDED_OVER).join(', ')}`;
    context.addIssue({ code: 'custom', message });
  }
});
const scalar = z.union([text, z.number().transform(String), z.boolean().transform(String)]);
const argv = z.array(text, 'write it as a list: [program, argument]').min(1);
const volume = text.refine(
  (value) => /^\$\{?KSL_\w+\}?:\/[^:]*(:ro|:rw)?$|^\.\/(?!.*\.\.)[^:]*:\/[^:]*:ro$/.test(value),
  'must be «${KSL_...}:/path» or, read-only, «./path:/path:ro»: nothing else of this machine is lent to a stack',
);
const environment = z.union([
  z.record(z.string(), scalar),
  z
    .array(text.regex(/^\w+=/, 'must be NAME=value'))
    .transform((list) =>
      Object.fromEntries(list.map((entry) => [entry.split('=')[0] ?? '', entry.slice(entry.indexOf('=') + 1)])),
    ),
]);

export const composeServiceSchema = z
  .strictObject({
    image: z.string().optional(),
    build: z.string().optional(),
    command: argv.optional(),
    entrypoint: argv.optional(),
    environment: environment.default({}),
    volumes: z.array(volume).default([]),
    cap_add: z.array(z.enum(CAPABILITIES)).default([]),
    devices: z.array(z.literal(TUN)).default([]),
    sysctls: z.record(z.string().regex(/^net\./, 'must begin with «net.»'), scalar).default({}),
    user: z.string().optional(),
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
  device: z.string().default('wg0'),
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
  const source = await readFile(file, 'utf8').catch(() => {
    throw new RequestError(
      `The stack's compose file ${named} cannot be read: give its path from the scenario's folder.`,
    );
  });
  const { services } = parseYaml(composeSchema, source, named, fieldsAt);
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
  return { folder: path.dirname(file), client, vpn };
}

function fieldsAt(where: readonly (string | number)[]): readonly string[] {
  return Object.keys(where.length === 2 ? composeServiceSchema.shape : composeSchema.shape);
}

/** A value with what the lab hands over in the place of its names. */
export function filledIn(value: string, handedOver: HandedOver): string {
  const values: Readonly<Record<string, string | undefined>> = handedOver;
  return value.replace(PLACEHOLDER, (_, braced?: string, bare?: string) => values[braced ?? bare ?? ''] ?? '');
}
