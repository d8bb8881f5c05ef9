/**
 * Taking a link down in one write: its flags in sysfs. It is the same change in the kernel as the netlink message of
 * ip(8) (both end in dev_change_flags), without a second process between the clock's two readings. In a container, where
 * sysfs is read-only, it is ip(8) itself, running and waiting; a sysfs that can be written to must be of the host's own
 * network, which the labs' compliance suite sees to.
 */
import type { Host } from '../contracts/host.ts';
import type { Act } from './acts.ts';

/** IFF_UP of linux/if.h. */
const IFF_UP = 1;

export async function linkDownAct(host: Host, device: string): Promise<Act> {
  const path = `/sys/class/net/${device}/flags`;
  const writable = await host.run(['test', '-w', path], { anyStatus: true });
  if (writable.status.code !== 0) return { act: 'command', program: 'ip', lines: [`link set dev ${device} down`] };
  const flags = Number((await host.run(['cat', path])).stdout);
  return { act: 'write', path, text: hex(flags & ~IFF_UP), idle: hex(flags) };
}

const hex = (value: number): string => `0x${value.toString(16)}`;
