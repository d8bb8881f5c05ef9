/**
 * Program of the lab benchmarks: opens one lab, in namespaces of its own or, with the options of a lab in containers as
 * its first argument, in those, and prints how long each step took, in seconds.
 */
import type { FaultSubjects } from '../contracts/fault.ts';
import { faults } from '../faults/index.ts';
import { killSwitchByReference } from '../killswitches/index.ts';
import { Clock } from '../contracts/clock.ts';
import { dockerLabSchema, openDockerLab } from '../harness/labs/docker.ts';
import { openNetnsLab } from '../harness/labs/netns.ts';
import { NS_PER_SECOND } from '../records/units.ts';

/** Injections measured in one lab, each after its reversal. */
const INJECTIONS = 5;

const clock = new Clock();
const began = clock.nowNs();
const [, , first = ''] = process.argv;
const lab = await (first.startsWith('{')
  ? openDockerLab(clock, dockerLabSchema.parse(JSON.parse(first)))
  : openNetnsLab(clock));
await lab.tunnel.up();
await lab.hosts.client.run(['ping', '-n', '-c', '1', '-W', '5', lab.tunnel.config.gateway4]);
const openSeconds = (clock.nowNs() - began) / NS_PER_SECOND;

// There is neither client nor kill switch here, and the faults measured happen to the tunnel alone.
const nobody: FaultSubjects = {
  engaged: await killSwitchByReference('none').engage({
    host: lab.hosts.client,
    tunnel: lab.tunnel,
    identity: lab.identity,
    clock,
  }),
  clientPids: () => [],
  stopClient: () => Promise.resolve(),
  shutDown: () => Promise.resolve(),
  start: () => Promise.resolve(),
};
const brackets: Record<string, number[]> = {};
for (const fault of faults.filter((each) => process.argv.includes(each.id))) {
  const armed = await fault.plan({}).arm(lab, nobody);
  const spans: number[] = [];
  for (let injection = 0; injection < INJECTIONS; injection++) {
    const span = await armed.inject();
    spans.push((span.afterNs - span.beforeNs) / NS_PER_SECOND);
    await armed.revert();
  }
  await armed[Symbol.asyncDispose]();
  brackets[fault.id] = spans;
}

const closing = clock.nowNs();
await lab[Symbol.asyncDispose]();
const closeSeconds = (clock.nowNs() - closing) / NS_PER_SECOND;
process.stdout.write(JSON.stringify({ openSeconds, closeSeconds, brackets }) + '\n', () => process.exit(0));
