/** Somebody in the client's place for faults to happen to: a process that sleeps, beside no kill switch or a given one. */
import type { Clock } from '../../src/contracts/clock.ts';
import type { FaultSubjects } from '../../src/contracts/fault.ts';
import type { Host, RunningProcess } from '../../src/contracts/host.ts';
import type { EngagedSwitch } from '../../src/contracts/kill-switch.ts';
import type { Lab } from '../../src/contracts/lab.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';

export interface Bystander extends FaultSubjects {
  /** How often it was started again. */
  starts: number;
}

/** Starts it on the host of the switch's client. */
export async function bystander(lab: Lab, clock: Clock, engaged?: EngagedSwitch): Promise<Bystander> {
  const { hosts, tunnel, identity } = lab;
  const beside =
    engaged ?? (await killSwitchByReference('none').engage({ host: hosts.client, tunnel, identity, clock }));
  let sleeper: RunningProcess | null = await sleeping(beside.clientHost);
  const end = async (): Promise<void> => {
    sleeper?.signal('SIGKILL');
    await sleeper?.exited;
    sleeper = null;
  };
  const subjects: Bystander = {
    engaged: beside,
    starts: 0,
    clientPids: () => (sleeper === null ? [] : [sleeper.pid]),
    stopClient: end,
    async shutDown() {
      await end();
      await tunnel.down();
    },
    async start(what) {
      if (what === 'tunnel') await tunnel.up();
      if (what !== 'client') return;
      sleeper = await sleeping(beside.clientHost);
      subjects.starts += 1;
    },
  };
  return subjects;
}

function sleeping(host: Host): Promise<RunningProcess> {
  return host.spawn(['sleep', '600'], { unprivileged: true });
}
