/**
 * The cells of a scenario, with the arms that it is compared with and need not name: for each client, kill switch and
 * moment a placebo, in which everything but the injection happens, and for each client, fault and moment a control, which
 * has no kill switch. What a fault adds is told against the one, that there was anything to stop against the other.
 */
import { faultByReference } from '../../faults/index.ts';
import { killSwitchByReference } from '../../killswitches/index.ts';
import { CONTROL, PLACEBO, groupKey, isPlacebo, type CellNames } from '../../records/identity.ts';
import { hasName, matches, type Names, type Pattern } from './cell-names.ts';

/** What decides the cells. */
export interface Planned extends Names {
  readonly kind: string;
  readonly exclude: readonly Pattern[];
  readonly placebo: boolean;
  readonly control: boolean;
}

/** Lists of names whose product are the cells, arms that are added to a campaign included. */
export function withArms(scenario: Planned): Names {
  const { clients, killSwitches, faults, moments } = scenario;
  return {
    clients,
    killSwitches: addsControl(scenario) ? [CONTROL, ...killSwitches] : killSwitches,
    faults: addsPlacebo(scenario) ? [...faults, PLACEBO] : faults,
    moments,
  };
}

const addsControl = ({ kind, control, killSwitches }: Planned): boolean =>
  kind === 'campaign' && control && !hasName('killSwitch', killSwitches, CONTROL);

const addsPlacebo = ({ kind, placebo, faults }: Planned): boolean =>
  kind === 'campaign' && placebo && !hasName('fault', faults, PLACEBO);

/** Every combination of names that is not excluded; of those that the scenario does not name, what is compared with. */
export function cellsWithArms(scenario: Planned): CellNames[] {
  const names = withArms(scenario);
  const all = product(names).filter((cell) => !scenario.exclude.some((pattern) => matches(pattern, cell)));
  const isControlAdded = ({ killSwitch }: CellNames): boolean => addsControl(scenario) && killSwitch === CONTROL;
  const isPlaceboAdded = (cell: CellNames): boolean => addsPlacebo(scenario) && isPlacebo(cell);
  const named = all.filter((cell) => !isControlAdded(cell) && !isPlaceboAdded(cell));
  const wantControl = new Set(named.filter(canBeControlled).map(groupKey));
  const faulty = all.filter(
    (cell) => !isPlaceboAdded(cell) && (!isControlAdded(cell) || wantControl.has(groupKey(cell))),
  );
  const wantPlacebo = new Set(faulty.map(placeboKey));
  const kept = new Set(faulty);
  return all.filter((cell) => kept.has(cell) || (isPlaceboAdded(cell) && wantPlacebo.has(placeboKey(cell))));
}

function product({ clients, killSwitches, faults, moments }: Names): CellNames[] {
  return clients.flatMap((client) =>
    killSwitches.flatMap((killSwitch) =>
      faults.flatMap((fault) => moments.map((moment) => ({ client, killSwitch, fault, moment }))),
    ),
  );
}

/** Identity of what has one placebo: the same client, kill switch and moment under every fault. */
function placeboKey({ client, killSwitch, moment }: CellNames): string {
  return [client, killSwitch, moment].join(' / ');
}

/** Whether the arm without a kill switch shares the tunnel, and the fault can happen to it. */
function canBeControlled({ killSwitch, fault }: CellNames): boolean {
  return killSwitchByReference(killSwitch).ownTunnel !== true && faultByReference(fault).ofTheSwitch !== true;
}

/** The kill switches of cells that bring another tunnel than the arm without one has: it is no control of theirs. */
export function uncontrolledSwitches(cells: readonly CellNames[]): string[] {
  const switches = [...new Set(cells.map(({ killSwitch }) => killSwitch))];
  return switches.filter((each) => killSwitchByReference(each).ownTunnel === true);
}

/** What a person should know of the arms before anything is run, in sentences. */
export function armsSaid(scenario: Planned, cells: readonly CellNames[]): string[] {
  if (scenario.kind !== 'campaign') return [];
  const added = [
    ...(addsControl(scenario) && cells.some(({ killSwitch }) => killSwitch === CONTROL) ? ['control'] : []),
    ...(addsPlacebo(scenario) && cells.some(isPlacebo) ? ['placebo'] : []),
  ];
  const faulty = cells.filter((cell) => !isPlacebo(cell));
  const placebos = new Set(cells.filter(isPlacebo).map(placeboKey));
  const controls = new Set(cells.filter(({ killSwitch }) => killSwitch === CONTROL).map(groupKey));
  const alone = faulty.filter((cell) => !placebos.has(placeboKey(cell)));
  const own = uncontrolledSwitches(cells);
  const switched = faulty.filter(({ killSwitch }) => killSwitch !== CONTROL && !own.includes(killSwitch));
  const free = switched.filter((cell) => !controls.has(groupKey(cell)));
  return [
    ...(added.length === 0 ? [] : [`${added.join(' and ')} arm added: what is measured is compared with it`]),
    ...(alone.length === 0
      ? []
      : [
          `no placebo arm for ${of(alone, faulty)}: what the fall added cannot be told from what would have happened anyway`,
        ]),
    ...(free.length === 0
      ? []
      : [
          `no control arm for ${of(free, switched)}: where nothing leaves, it is not shown that anything would have without the kill switch`,
        ]),
    ...(own.length === 0
      ? []
      : [
          `no control arm for ${own.join(', ')}: it brings a tunnel of its own, which the arm without a kill switch has not`,
        ]),
  ];
}

const of = (some: readonly CellNames[], all: readonly CellNames[]): string =>
  some.length === all.length ? `any of ${all.length} cells` : `${some.length} of ${all.length} cells`;

/** What an arm is for, for whoever reads a plan; nothing for a cell that is what is asked about. */
export function roleOf({ killSwitch, fault }: CellNames): string {
  const roles = [...(killSwitch === CONTROL ? ['control'] : []), ...(fault === PLACEBO ? ['placebo'] : [])];
  return roles.length === 0 ? '' : `  (${roles.join(', ')})`;
}
