/**
 * A lab just big enough for the instruments: client and neighbour on a router's bridge, the swarm (and the resolver)
 * behind its NAT. Namespaces of the test's own; nothing of the harness's labs.
 */
import type { Identity } from '../../src/records/identity.ts';
import type { SwarmConfig } from '../../src/probes/swarm/swarm-config.ts';
import { link, openHost, type TestHost } from './namespace-host.ts';

export const RESOLVER = '203.0.113.53';
const CLIENT_MAC = '02:00:00:00:00:02';

export interface SmallLab {
  readonly client: TestHost;
  readonly router: TestHost;
  readonly neighbour: TestHost;
  readonly swarm: TestHost;
  readonly identity: Identity;
  close(): Promise<void>;
}

/** The swarm host gets every address of the configuration. */
export async function openSmallLab(config: SwarmConfig): Promise<SmallLab> {
  const [client, router, neighbour, swarm] = await Promise.all([
    openHost('client'),
    openHost('router'),
    openHost('neighbour'),
    openHost('swarm'),
  ]);
  await link(client, 'eth0', router, 'uplink');
  await link(neighbour, 'eth0', router, 'lan-n');
  await link(swarm, 'eth0', router, 'wan');
  await client.run(['ip', 'link', 'set', 'eth0', 'address', CLIENT_MAC]);
  await router.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  await router.run(['ip', '-batch', '-'], {
    input: lines(
      'link add name lan type bridge mcast_snooping 0',
      'link set uplink master lan',
      'link set lan-n master lan',
      'link set lan up',
      'addr add 192.168.1.1/24 dev lan',
      'addr add 2001:db8:1::1/64 dev lan nodad',
      'addr add 203.0.113.2/24 dev wan',
      'addr add 2001:db8:2::2/64 dev wan nodad',
      'route add 198.18.0.0/15 dev wan',
      'route add 2001:db8:f::/48 dev wan',
    ),
  });
  await router.run(['nft', '-f', '-'], {
    input: lines(
      'table ip nat { chain out { type nat hook postrouting priority srcnat; policy accept;',
      'oifname "wan" masquerade',
      '}',
      '}',
    ),
  });
  for (const [host, four, six] of [
    [client, '192.168.1.2', '2001:db8:1::2'],
    [neighbour, '192.168.1.3', '2001:db8:1::3'],
  ] as const) {
    await host.run(['ip', '-batch', '-'], {
      input: lines(
        `addr add ${four}/24 dev eth0`,
        `addr add ${six}/64 dev eth0 nodad`,
        'route add default via 192.168.1.1',
        'route add default via 2001:db8:1::1',
      ),
    });
  }
  await swarm.run(['ip', '-batch', '-'], {
    input: lines(
      ...addressesOf(config).map((address) =>
        address.includes(':') ? `addr add ${address}/128 dev eth0 nodad` : `addr add ${address}/32 dev eth0`,
      ),
      `addr add ${RESOLVER}/24 dev eth0`,
      'addr add 2001:db8:2::53/64 dev eth0 nodad',
      'route add 2001:db8:1::/64 via 2001:db8:2::2',
    ),
  });
  return {
    client,
    router,
    neighbour,
    swarm,
    identity: {
      clientMac: CLIENT_MAC,
      lan4: '192.168.1.2',
      lan6: '2001:db8:1::2',
      wan4: '203.0.113.2',
      tunnel4: '10.8.0.2',
      tunnel6: null,
      exit4: '198.51.100.10',
      exit6: null,
      endpoint: { address: '198.51.100.10', port: 51_820 },
    },
    close: async () => {
      await Promise.all([client, router, neighbour, swarm].map((host) => host.close()));
    },
  };
}

function addressesOf({ tracker, dht, observers, stun, canarySink }: SwarmConfig): string[] {
  return [
    ...new Set([
      tracker.address4,
      tracker.address6,
      ...dht.map(({ address }) => address),
      ...observers.flatMap(({ address4, address6 }) => (address6 === null ? [address4] : [address4, address6])),
      ...(stun?.addresses ?? []),
      ...(canarySink === null ? [] : [canarySink.address]),
    ]),
  ];
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
