/**
 * An application that blocks when it sees the tunnel down: it notices late, like app-kill, and then inserts rules that
 * drop everything but the loopback and the VPN server; when it sees the tunnel again it takes them out.
 *
 * Reproduces: the scheme of VPN applications whose kill switch reacts instead of standing: VPNWatcher's loop (see
 * app-kill.ts) with the rules many of them insert, `-I OUTPUT 1`, both families, one command at a time. No single
 * implementation; the order and the number of commands are what makes its action take time.
 */
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { noticeOf, noticing } from './app-kill.ts';
import { engaged } from './engaged.ts';
import { Service } from './daemon.ts';
import { attempt, both, nftTables, removeEmptyTables, runSteps, v4 } from './steps.ts';
import { defineKillSwitch } from './define.ts';

const CHAIN = 'APP-BLOCK';

export const appBlock = defineKillSwitch({
  id: 'app-block',
  title: 'application that inserts rules',
  family: 'app',
  reproduces: 'the scheme of applications whose kill switch reacts; no single implementation',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: false, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters: noticing,
  async engage(context, parameters) {
    const { host, tunnel } = context;
    const { address, port } = tunnel.config.endpoint;
    const before = await nftTables(host);
    const lift = ['iptables', 'ip6tables'].flatMap((tool) => [
      attempt(`${tool} -D OUTPUT -j ${CHAIN}`),
      attempt(`${tool} -F ${CHAIN}`),
      attempt(`${tool} -X ${CHAIN}`),
    ]);
    const service = await Service.start(context, {
      notice: noticeOf(parameters),
      restartSeconds: null,
      afterCrash: lift,
    });
    await service.react({
      onLoss: [
        ...both(`-N ${CHAIN}`),
        ...both(`-A ${CHAIN} -o lo -j ACCEPT`),
        v4(`-A ${CHAIN} -d ${address} -p udp --dport ${port} -j ACCEPT`),
        ...both(`-A ${CHAIN} -j DROP`),
        ...both(`-I OUTPUT 1 -j ${CHAIN}`),
      ],
      onReturn: lift,
    });
    return engaged(context, {
      tunnelUp: () => service.seeTunnel(),
      instants: () => Promise.resolve(service.instants),
      process: service,
      async disengage() {
        await service.end();
        await runSteps(host, lift);
        await removeEmptyTables(host, before);
      },
    });
  },
});
