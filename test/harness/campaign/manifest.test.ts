/** What a campaign says of the machine and the lab that it ran in. */
import assert from 'node:assert/strict';
import os from 'node:os';
import { makeManifest } from '../../../src/harness/campaign/manifest.ts';
import { makePlan } from '../../../src/harness/campaign/plan.ts';
import { parseScenario } from '../../../src/harness/campaign/scenario.ts';
import { machineId } from '../../../src/harness/trial/machine.ts';
import { manifestSchema } from '../../../src/records/manifest.ts';

const SOURCE = `title: One cell
hypothesis: For the test
clients: [transmission]
killSwitches: [none]
faults: [link-down]
moments: [delay 1s]
trials: 1
observe: { steady: 10s, outage: 1s, recovery: 1s }
`;

describe('the manifest', () => {
  const scenario = parseScenario('mine', SOURCE, 'mine.yaml');
  const run = { scenario, seed: 1, folder: '/somewhere/mine', startedAt: '2026-01-01T00:00:00Z' };
  const manifest = manifestSchema.parse(makeManifest(run, makePlan(scenario, 1), 1, {}));

  it('says which WireGuard the labs get, not which program asks for it', () => {
    assert.match(manifest.lab.tunnel, /^(kernel|wireguard-go|not known)$/);
  });

  it('names the machine alike each time, and by nothing that says whose it is', () => {
    assert.equal(manifest.machine.id, machineId());
    assert.match(machineId(), /^[0-9a-f]{12}$/);
    assert.ok(!JSON.stringify(manifest).includes(os.hostname()));
  });
});
