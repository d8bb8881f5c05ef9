/** The compliance suites are anybody's: here they are called with plugins that no catalogue has. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { clientsIn } from './client-bench.ts';
import { clientCompliance } from './client-compliance.ts';
import { faultCompliance } from './fault-compliance.ts';
import { killSwitchCompliance } from './kill-switch-compliance.ts';
import { IN_NAMESPACES, labsIn } from './lab-places.ts';
import { faultOf, switchOf } from './own-plugins.ts';
import { client, fault, killSwitch } from './strangers.ts';

const FILE = fileURLToPath(new URL('./strangers.ts', import.meta.url));

describe("the compliance suites with a stranger's plugins", () => {
  clientCompliance(client, clientsIn(IN_NAMESPACES, client.needs));

  const labs = labsIn(IN_NAMESPACES, [...killSwitch.needs, ...fault.needs]);
  killSwitchCompliance(killSwitch, labs, { file: FILE });
  faultCompliance(fault, labs, { file: FILE });
});

describe('a plugin of no catalogue', () => {
  it('is named with what its file does export, where it exports no such', async () => {
    await assert.rejects(switchOf('mine', FILE), /exports no kill switch «mine», but «strange-switch»/);
    await assert.rejects(faultOf('mine', FILE), /exports no fault «mine», but «strange-fault»/);
  });

  it('has its parameters checked', async () => {
    await assert.rejects(switchOf('strange-switch(x=1)', FILE), /unknown parameter «x»/);
  });
});
