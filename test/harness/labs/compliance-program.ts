/**
 * Runs the checks in one lab and prints a JSON line for each, since a lab in namespaces can be opened by their first
 * process alone. Argument: nothing for namespaces, or the options of a lab in containers as JSON.
 */
import { Clock } from '../../../src/contracts/clock.ts';
import { dockerLabSchema, openDockerLab } from '../../../src/harness/labs/docker.ts';
import { openNetnsLab } from '../../../src/harness/labs/netns.ts';
import { CHECKS, leaveRunning } from './compliance.ts';
import { CONTAINED_CHECKS, HOSTILE_CHECKS, OWN_USERS_CHECKS } from './hostile-guest.ts';

const [, , inContainers] = process.argv;
const clock = new Clock();
const lab = await (inContainers === undefined
  ? openNetnsLab(clock)
  : openDockerLab(clock, dockerLabSchema.parse(JSON.parse(inContainers))));

function report(name: string, failure: string | null): void {
  process.stdout.write(JSON.stringify({ name, failure }) + '\n');
}

for (const { name, check } of [
  ...CHECKS,
  ...HOSTILE_CHECKS,
  ...(inContainers === undefined ? OWN_USERS_CHECKS : CONTAINED_CHECKS),
]) {
  try {
    await check(lab);
    report(name, null);
  } catch (error) {
    report(name, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
await leaveRunning(lab);
await lab[Symbol.asyncDispose]();
const refused = await lab.hosts.client.run(['true']).then(
  () => 'a host of a closed lab still runs programs',
  () => null,
);
report('ends', refused);
process.exit(0);
