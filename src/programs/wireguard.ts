/** What the lab's first VPN server and any other have in common: the device, made as wg-quick makes it. */
import type { Host } from '../contracts/host.ts';
import type { LabDescription } from '../records/trial-record.ts';

/** The first server's device; its name differs from the client's since userspace control sockets may share a folder. */
export const SERVER_DEVICE = 'wgs0';
/** wg-quick's default for an uplink of 1500 bytes (80 bytes of IPv6, UDP and WireGuard headers). */
export const TUNNEL_MTU = 1420;

/** wireguard-go asks for this before it runs on a system whose kernel could have the module. */
export const USERSPACE_ENV = {
  WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go',
  WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: '1',
};

export type TunnelKind = LabDescription['tunnel'];

/**
 * Makes a WireGuard device the way wg-quick's add_if does: the kernel's, else the userspace implementation's. That one
 * leaves a daemon, which has the device in hand when it answers; a device moved before that ends it.
 */
export async function addWireGuardDevice(host: Host, device: string): Promise<TunnelKind> {
  const kernel = await host.run(['ip', 'link', 'add', device, 'type', 'wireguard'], { anyStatus: true });
  if (kernel.status.code === 0) return 'kernel';
  await host.run(['wireguard-go', device], { env: USERSPACE_ENV });
  await host.run(['wg', 'show', device, 'listen-port']);
  return 'wireguard-go';
}
