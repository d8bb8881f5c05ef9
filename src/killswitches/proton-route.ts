/**
 * Proton VPN on Linux: no packet filter but a route. A device that swallows everything holds a default route better than
 * the network card's and worse than the tunnel's (metric 98, IPv6 95), and a route of its own leads to the VPN server over
 * each physical device.
 *
 * Reproduces: ProtonVPN/python-proton-vpn-killswitch-network-manager-wireguard, killswitch_connection_handler.py at
 * 9fce559e: addresses, metrics and the order (block everything, then let the server through); WGKillSwitch.enable.
 * Simplified: ip(8) instead of NetworkManager; where the kernel has no dummy device, a tun device that nobody
 * has open; the tunnel is wg-quick's, whose rules of routing come before the main table.
 */
import type { Host } from '../contracts/host.ts';
import { noParameters } from '../contracts/reference.ts';
import { engaged } from './engaged.ts';
import { surroundings } from './firewall.ts';
import { attempt, command, runSteps } from './steps.ts';
import { defineKillSwitch } from './define.ts';

const SINK = 'pvpnksintrf0';
/** NetworkManager's for a wired card; the lab's own route has none, which would be better than the sink's. */
const NIC_METRIC = 100;

export const protonRoute = defineKillSwitch({
  id: 'proton-route',
  title: 'Proton VPN (a route that leads nowhere)',
  family: 'route',
  reproduces:
    'ProtonVPN …-killswitch-network-manager-wireguard 9fce559e, killswitch_connection_handler.py; ip(8) alone',
  claims: { v4: true, v6: true, dns: true, lan: false, boot: false, reconnect: true },
  needs: [],
  parameters: noParameters,
  async engage(context) {
    const { host } = context;
    const { server, nic, gateway4 } = await surroundings(context);
    await makeSink(host);
    await runSteps(host, [
      command(`ip address add 100.85.0.1/24 dev ${SINK}`),
      command(`ip address add fdeb:446c:912d:8da::/64 dev ${SINK} nodad`),
      command(`ip link set ${SINK} up`),
      command(`ip route add default via ${gateway4} dev ${nic} metric ${NIC_METRIC}`),
      attempt(`ip route del default via ${gateway4} dev ${nic} metric 0`),
      command(`ip route add default dev ${SINK} metric 98`),
      command(`ip -6 route add default dev ${SINK} metric 95`),
      command(`ip route add ${server} via ${gateway4} dev ${nic}`),
    ]);
    return engaged(context, {
      async disengage() {
        await runSteps(host, [
          command(`ip route add default via ${gateway4} dev ${nic}`),
          attempt(`ip route del default via ${gateway4} dev ${nic} metric ${NIC_METRIC}`),
          attempt(`ip link set ${SINK} down`),
          attempt(`ip link del ${SINK}`),
          attempt(`ip route del ${server} via ${gateway4} dev ${nic}`),
        ]);
      },
    });
  },
});

/** The device that swallows: a dummy, or a tun device that nobody has open, which drops what it is given. */
async function makeSink(host: Host): Promise<void> {
  const dummy = await host.run(['ip', 'link', 'add', SINK, 'type', 'dummy'], { anyStatus: true });
  if (dummy.status.code !== 0) await host.run(['ip', 'tuntap', 'add', 'dev', SINK, 'mode', 'tun']);
}
