/** Where things are on the client's side of a lab, asked when a fault is armed. */
import * as z from 'zod';
import type { Host } from '../contracts/host.ts';
import type { Lab, Tunnel } from '../contracts/lab.ts';
import { Unsupported } from '../contracts/errors.ts';
import { until } from '../contracts/until.ts';

/** The host whose network namespace holds the tunnel's device: a kill switch may have moved it. */
export const tunnelHost = (lab: Lab): Host => lab.tunnel.host ?? lab.hosts.client;

/** The tunnel's default routes as `ip route del` takes them; prefixes tell ip(8) the family, since a batch has no `-6`. */
export function tunnelRoutes({ tunnel }: Lab): readonly string[] {
  const { device, fwmark, defaultRoutes } = tunnel;
  return defaultRoutes ?? ['0.0.0.0/0', '::/0'].map((prefix) => `${prefix} dev ${device} table ${fwmark}`);
}

const routeSchema = z.looseObject({ dev: z.string(), gateway: z.string() });

export interface Uplink {
  readonly device: string;
  readonly gateway4: string;
}

/** The client's way out beside the tunnel. Throws `Unsupported` where it has none, as in a namespace of its own. */
export async function uplinkOf(host: Host): Promise<Uplink> {
  const { stdout } = await host.run(['ip', '-json', '-4', 'route', 'show', 'default', 'table', 'main']);
  const routes = z.array(z.looseObject({})).parse(JSON.parse(stdout === '' ? '[]' : stdout));
  const route = routes.map((each) => routeSchema.safeParse(each)).find((each) => each.success)?.data;
  if (route === undefined) throw new Unsupported('the client has no default route beside the tunnel');
  return { device: route.dev, gateway4: route.gateway };
}

const linkSchema = z.tuple([
  z.looseObject({
    addr_info: z.array(
      z.looseObject({ family: z.string(), local: z.string(), prefixlen: z.number(), scope: z.string() }),
    ),
  }),
]);

/**
 * The lines for `ip -batch` that put a link back as it is now: up, with its addresses and its routes in the main table.
 * Taking a link down loses its routes and its IPv6 addresses.
 */
export async function linkRestoration(host: Host, device: string): Promise<readonly string[]> {
  const { stdout } = await host.run(['ip', '-json', 'address', 'show', 'dev', device]);
  const addresses = linkSchema
    .parse(JSON.parse(stdout))[0]
    .addr_info.filter(({ scope }) => scope === 'global')
    .map(({ family, local, prefixlen }) =>
      `address replace ${local}/${prefixlen} dev ${device} ${family === 'inet6' ? 'nodad' : ''}`.trim(),
    );
  const routes = await Promise.all(
    (['-4', '-6'] as const).map(async (family) => {
      const listed = await host.run(['ip', family, 'route', 'show', 'dev', device, 'table', 'main']);
      return listed.stdout
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '' && !line.includes('proto kernel') && !line.startsWith('fe80::'))
        .map((line) => line.replace(/^default/, family === '-6' ? '::/0' : '0.0.0.0/0'))
        .map((line) => line.replace(/ (?:pref|expires|proto) \S+| linkdown| onlink/g, ''))
        .map((line) => `route replace ${line} dev ${device}`);
    }),
  );
  // Direct routes first: a gateway must be reachable before a route through it is taken.
  const inOrder = routes.flat().sort((a, b) => Number(a.includes(' via ')) - Number(b.includes(' via ')));
  return [`link set ${device} up`, ...addresses, ...inOrder];
}

/** A daemon that has lost its device ends by itself, some milliseconds later; longest wait for it. */
const LAST_WORDS_MS = 2000;
const LOOK_MS = 5;

/**
 * Resolves when the tunnel's daemon has ended: before that it still answers for a device that is gone. Throws when it does
 * not end.
 */
export async function daemonEnded(tunnel: Pick<Tunnel, 'device' | 'daemonPids'>): Promise<void> {
  await until(async () => (await tunnel.daemonPids()).length === 0, {
    what: `the daemon of ${tunnel.device} to end after its device`,
    everyMs: LOOK_MS,
    patienceMs: LAST_WORDS_MS,
  });
}

/** Runs `ip -batch` lines on the host; with `force`, the lines that find nothing to do are passed over. */
export async function ipBatch(host: Host, lines: readonly string[], force = false): Promise<void> {
  const argv = ['ip', ...(force ? ['-force'] : []), '-batch', '-'] as const;
  await host.run([...argv], { input: lines.join('\n') + '\n', ...(force ? { anyStatus: true } : {}) });
}
