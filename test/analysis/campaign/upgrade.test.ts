import assert from 'node:assert/strict';
import { upgraded } from '../../../src/analysis/campaign/upgrade.ts';
import { faults } from '../../../src/faults/index.ts';
import { killSwitches } from '../../../src/killswitches/index.ts';
import { cellOf } from '../../../src/harness/trial/cell.ts';
import type { CellNames } from '../../../src/records/identity.ts';

const NAMES: CellNames = { client: 'deluge', killSwitch: 'none', fault: 'link-down', moment: 'delay 1s' };
const upgradedCell = (names: CellNames): unknown => {
  const record = upgraded({ version: 1, cell: names }, 1, 2);
  return record !== null && 'cell' in record ? record.cell : null;
};

describe('records of version 1', () => {
  it('get their references parsed as the catalogues parse them', () => {
    const written = [
      ...killSwitches.map(({ id }): CellNames => ({ ...NAMES, killSwitch: id })),
      ...faults
        .filter(({ parameters }) => parameters.safeParse({}).success)
        .map(({ id }): CellNames => ({ ...NAMES, fault: id })),
      { ...NAMES, killSwitch: 'app-kill(poll=1h,stall=500ms)+client-bind+app-block(notice=netlink)' },
      { ...NAMES, fault: 'client-restart(into=clear)' },
      { ...NAMES, fault: 'cold-start(tunnel=1.5s)' },
      { ...NAMES, fault: 'mtu-blackhole( mtu = 1000 )' },
    ];
    for (const names of written) assert.deepEqual(upgradedCell(names), cellOf(names));
  });

  it('that cannot be parsed stay as they are, for the schema to refuse', () => {
    const names = { ...NAMES, killSwitch: 'app-kill(poll' };
    assert.deepEqual(upgradedCell(names), names);
  });

  it('of a campaign require of its cells’ own kill switches what they required by name', () => {
    const cells = ['none', 'app-kill', 'app-kill(poll=1s)', 'app-kill+client-bind'].map((killSwitch) => ({
      ...NAMES,
      killSwitch,
    }));
    const manifest = upgraded({ version: 1, scenario: { cells, mustNotLeak: ['app-kill', 'gone'] } }, 1, 2);
    assert.deepEqual(manifest, {
      version: 2,
      scenario: { cells: cells.map(cellOf), mustNotLeak: ['app-kill', 'app-kill(poll=1s)'] },
    });
  });

  it('are the oldest there are', () => {
    assert.equal(upgraded({ version: 0 }, 0, 2), null);
  });
});
