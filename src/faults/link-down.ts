/**
 * The tunnel's link goes down: `ip link set wg0 down`. The kernel flushes every route over the device, so the rules of
 * routing fall through to the main table; addresses of IPv4 stay, those of IPv6 go.
 *
 * Done by writing the link's flags to sysfs, which is the same change in the kernel as the netlink message of ip(8)
 * (both end in dev_change_flags) without a second process between the clock's two readings. In a container, where sysfs
 * is read-only, it is ip(8) itself, running and waiting.
 */
import type { Fault } from '../harness/contracts.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';

/** IFF_UP of linux/if.h. */
const IFF_UP = 1;

export const linkDown: Fault<NoParameters> = {
  id: 'link-down',
  title: 'the tunnel link goes down',
  group: 'tunnel',
  happens:
    'a VPN application that crashes or reconnects, a network manager that stops the connection, `ip link set wg0 down`',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const { client } = lab.hosts;
    const { device } = lab.tunnel;
    const path = `/sys/class/net/${device}/flags`;
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: async () => {
        const writable = await client.run(['test', '-w', path], { anyStatus: true });
        if (writable.status.code !== 0) return [{ act: 'command', program: 'ip', lines: [`link set ${device} down`] }];
        const flags = Number((await client.run(['cat', path])).stdout);
        return [{ act: 'write', path, text: hex(flags & ~IFF_UP), idle: hex(flags) }];
      },
      revert: () => lab.tunnel.restore(),
    });
  },
};

const hex = (value: number): string => `0x${value.toString(16)}`;
