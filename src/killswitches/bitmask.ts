/**
 * Bitmask (LEAP, RiseupVPN): everything over the *default device found at the start* is rejected but the gateways and the
 * local network; all DNS is redirected to the VPN's resolver; SSDP and mDNS are let through; all other TCP and UDP of
 * IPv6 is rejected, the tunnel's included.
 *
 * Reproduces: leapcode/bitmask-vpn, helpers/bitmask-root at 3120b855, firewall_start and firewall_stop, one command at a
 * time, in their order. A helper that runs and ends: there is no daemon, and its rules stay until `firewall stop`.
 * Simplified: no Qubes; the resolver is the lab's. It says that DNS is rewritten to go over the VPN, not that it is stopped
 * where there is none.
 */
import { noParameters } from '../contracts/reference.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { both, v4, v6 } from './steps.ts';

export const bitmask = firewall({
  id: 'bitmask',
  title: 'Bitmask / RiseupVPN',
  reproduces: 'leapcode/bitmask-vpn 3120b855, helpers/bitmask-root, firewall_start; without Qubes',
  claims: { v4: true, v6: true, dns: false, lan: false, boot: false, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters: noParameters,
  daemon: null,
  steps: ({ nic, network4, network6, server, dns }) => ({
    start: [
      v4('--new-chain bitmask'),
      v4('--table nat --new-chain bitmask'),
      v4('--table nat --new-chain bitmask_postrouting'),
      v6('--new-chain bitmask'),
      v4('--table nat --insert OUTPUT --jump bitmask'),
      v4('--table nat --insert POSTROUTING --jump bitmask_postrouting'),
      ...both('--insert OUTPUT --jump bitmask'),
      v4('-t nat --append bitmask --protocol udp --dest 127.0.1.1,127.0.0.1,127.0.0.53 --dport 53 --jump ACCEPT'),
      v4(`-t nat --append bitmask -p udp --dport 53 --jump DNAT --to ${dns}:53`),
      v4(`-t nat --append bitmask -p tcp --dport 53 --jump DNAT --to ${dns}:53`),
      v4(`-t nat --append bitmask_postrouting --dest ${dns} --protocol udp --dport 53 --jump MASQUERADE`),
      v4(`-t nat --append bitmask_postrouting --dest ${dns} --protocol tcp --dport 53 --jump MASQUERADE`),
      v4(`--append bitmask --destination ${network4} -o ${nic} --jump ACCEPT`),
      v4(`--append bitmask --source ${network4} -o ${nic} -p udp --dport 53 --jump ACCEPT`),
      v4(`--append bitmask --source ${network4} -o ${nic} -p tcp --dport 53 --jump ACCEPT`),
      v4(`--append bitmask --protocol udp --destination 239.255.255.250 --dport 1900 -o ${nic} --jump RETURN`),
      v4(`--append bitmask --protocol udp --destination 224.0.0.251 --dport 5353 -o ${nic} --jump RETURN`),
      ...(network6 === null
        ? []
        : [
            v6(`--append bitmask --destination ${network6} -o ${nic} --jump ACCEPT`),
            v6(`--append bitmask --protocol udp --destination FF05::C --dport 1900 -o ${nic} --jump RETURN`),
            v6(`--append bitmask --protocol udp --destination FF02::FB --dport 5353 -o ${nic} --jump RETURN`),
          ]),
      v4(`--append bitmask --destination ${server} -o ${nic} --jump ACCEPT`),
      v6('--append bitmask -p tcp --jump REJECT'),
      v6('--append bitmask -p udp --jump REJECT'),
      v4(`--append bitmask -o ${nic} --jump REJECT`),
    ],
    connected: [],
    stop: [
      ...both('--delete OUTPUT --jump bitmask'),
      v4('-t nat --delete OUTPUT --jump bitmask'),
      v4('-t nat --delete POSTROUTING --jump bitmask_postrouting'),
      ...both('--flush bitmask'),
      ...both('--delete-chain bitmask'),
      ...['bitmask', 'bitmask_postrouting'].flatMap((chain) => [
        v4(`-t nat --flush ${chain}`),
        v4(`-t nat --delete-chain ${chain}`),
      ]),
    ],
  }),
});
