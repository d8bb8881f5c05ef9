/** Numbers by which a packet says what it carries, for those who build packets and those who read them. */

/** What an Ethernet frame carries (IANA, IEEE 802 Numbers). */
export const ETHERTYPE = { ip4: 0x0800, arp: 0x0806, ip6: 0x86dd, lldp: 0x88cc } as const;

/** What an IP packet carries (IANA, Assigned Internet Protocol Numbers). */
export const PROTOCOL = { icmp: 1, igmp: 2, tcp: 6, udp: 17, icmp6: 58 } as const;
