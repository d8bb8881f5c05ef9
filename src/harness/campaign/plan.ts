/** Makes of a scenario the trials that will be run, in their order. The same scenario and seed give the same plan. */
import { createHash } from 'node:crypto';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { SequentialRule } from '../../analysis/statistics/sequential.ts';
import { clientById } from '../../clients/index.ts';
import { faultByReference } from '../../faults/index.ts';
import { killSwitchByReference } from '../../killswitches/index.ts';
import { infrastructureById } from '../../probes/infrastructure/index.ts';
import type { Need } from '../../contracts/host.ts';
import { RequestError } from '../../contracts/errors.ts';
import { parseMoment } from '../trial/moments.ts';
import { trialSeconds, type PlannedTrial } from '../trial/spec.ts';
import { conditionsSchema } from '../../records/conditions.ts';
import { namesOf, type Cell } from '../../records/identity.ts';
import { cellOf } from '../trial/cell.ts';
import { armsSaid, cellsWithArms } from './arms.ts';
import { namedTwice } from './cell-names.ts';
import { STACK, type Scenario } from './scenario.ts';

export interface Plan {
  readonly cells: readonly Cell[];
  readonly trials: readonly PlannedTrial[];
  readonly needs: readonly Need[];
  /** What a person should know of its arms, in sentences. */
  readonly said: readonly string[];
}

/** Parts of a scenario that the command line narrows it to. */
export interface Restrictions {
  readonly clients?: readonly string[];
  readonly killSwitches?: readonly string[];
  readonly faults?: readonly string[];
  readonly trials?: number;
  /** Seconds from the fault for which the swarm is asked, and between two rounds. */
  readonly horizon?: number;
  readonly every?: number;
}

/**
 * A scenario narrowed by the command line. A name given there that the scenario lacks is run all the same: the scenario
 * is then the frame (moments, observation, torrent) for a comparison of one's own.
 */
export function restrict(scenario: Scenario, by: Restrictions): Scenario {
  assertDistinct(by);
  return {
    ...scenario,
    clients: [...(by.clients ?? scenario.clients)],
    killSwitches: [...(by.killSwitches ?? scenario.killSwitches)],
    faults: [...(by.faults ?? scenario.faults)],
    trials: by.trials ?? scenario.trials,
    ...retrievalOf(scenario, by),
  };
}

/** Throws `RequestError`: a name given twice would be two arms of the same. */
function assertDistinct({ clients = [], killSwitches = [], faults = [] }: Restrictions): void {
  const options = {
    client: ['--client', clients],
    killSwitch: ['--switch', killSwitches],
    fault: ['--fault', faults],
  } as const;
  for (const kind of ['client', 'killSwitch', 'fault'] as const) {
    const [option, names] = options[kind];
    const [twice] = namedTwice(kind, names);
    if (twice !== undefined) throw new RequestError(`${option}: ${twice.message}.`);
  }
}

/** The looks of a sequential scenario, the last one included; undefined where every cell gets the same. */
export function sequentialRule({ sequential, trials }: Scenario): SequentialRule | undefined {
  const looks = [...(sequential?.looks.filter((look) => look < trials) ?? []), trials];
  return sequential === undefined || looks.length === 1 ? undefined : { looks, width: sequential.width };
}

function retrievalOf(scenario: Scenario, { horizon, every }: Restrictions): Pick<Scenario, 'retrieval'> {
  const { retrieval } = scenario;
  if (retrieval === undefined) {
    if (horizon === undefined && every === undefined) return {};
    throw new RequestError(
      `Scenario ${scenario.name} does not ask the swarm afterwards: leave out --horizon and --every.`,
    );
  }
  return { retrieval: { every: every ?? retrieval.every, horizon: horizon ?? retrieval.horizon } };
}

/** A stack's own client and kill switch are known to nobody else, and it takes none of the catalogue's. */
function assertStack({ name, stack, clients, killSwitches }: Scenario): void {
  const all = [...clients, ...killSwitches];
  if (stack === undefined) {
    if (all.includes(STACK))
      throw new RequestError(`Scenario ${name}: «${STACK}» takes a field «stack» (docs/docker.md).`);
    return;
  }
  const wrong = all.find((each, index) => each !== STACK && (index < clients.length || each !== 'none'));
  if (wrong !== undefined) {
    throw new RequestError(
      `Scenario ${name}: «${wrong}» cannot be put into a stack; its clients are [${STACK}], its kill switches none and ${STACK}.`,
    );
  }
}

/** The scenario's cells, with the arms they are compared with. Throws `RequestError` when none is left. */
function cellsOf(scenario: Scenario): readonly Cell[] {
  const cells = cellsWithArms(scenario);
  if (cells.length === 0) {
    throw new RequestError(`Scenario ${scenario.name}: every cell is excluded; take an entry out of «exclude».`);
  }
  return cells.map(cellOf);
}

/**
 * Plans all cells x repetitions. Each repetition is a block in which every cell comes once, shuffled: a machine that
 * slows down slows all cells alike. `planned`: the cells of a campaign that goes on; by default those of the scenario.
 * Throws `RequestError` for names, parameters and moments that are not known.
 */
export function makePlan(scenario: Scenario, seed: number, planned?: readonly Cell[]): Plan {
  assertStack(scenario);
  const clients = scenario.stack === undefined ? scenario.clients.map(clientById) : [];
  const killSwitches = scenario.killSwitches.map(killSwitchByReference);
  const faults = scenario.faults.map(faultByReference);
  scenario.moments.forEach(parseMoment);
  const cells = planned ?? cellsOf(scenario);
  assertPossible(scenario, cells.length * scenario.trials);
  const random = xoroshiro128plus(seed);
  const blocks = Array.from({ length: scenario.trials }, (_, repetition) => {
    const block = cells.map((cell) => ({ cell, repetition }));
    for (let last = block.length - 1; last > 0; last--) {
      const other = uniformInt(random, 0, last);
      const [a, b] = [block[last], block[other]];
      if (a !== undefined && b !== undefined) [block[last], block[other]] = [b, a];
    }
    return block;
  });
  const conditions = conditionsSchema.parse(scenario);
  const infrastructure = scenario.infrastructure.map(infrastructureById);
  const digits = Math.max(4, String(cells.length * scenario.trials).length);
  return {
    cells,
    trials: blocks.flat().map(({ cell, repetition }, index) => ({
      trial: trialId(String(index + 1).padStart(digits, '0'), cell),
      cell,
      repetition,
      seed: trialSeed(seed, cell, repetition),
      ...conditions,
    })),
    needs: [
      ...clients.flatMap((client) => client.needs),
      ...killSwitches.flatMap((killSwitch) => killSwitch.needs),
      ...faults.flatMap((fault) => fault.needs),
      ...infrastructure.flatMap((each) => each.needs),
    ],
    said: armsSaid(scenario, cells),
  };
}

/** Trials of the largest campaign: at a trial a second, which no machine does, it takes eleven days. */
const MOST_PLANNED = 1_000_000;

function assertPossible({ name, trials }: Scenario, planned: number): void {
  if (planned <= MOST_PLANNED) return;
  throw new RequestError(
    `Scenario ${name}: ${planned / trials} cells x ${trials} trials are ${planned} trials, more than ${MOST_PLANNED}. ` +
      'Give fewer with --trials, or fewer cells with --client, --switch or --fault.',
  );
}

/** `0007-transmission-app-kill-poll-2s-link-down`: sorts in the planned order, reads as the cell. */
function trialId(number: string, cell: Cell): string {
  const slug = [cell.client, cell.killSwitch, cell.fault].join('-').replace(/[^a-z0-9.]+/gi, '-');
  return `${number}-${slug.replace(/-+$/, '')}`;
}

/** A seed of 32 bits for each trial, from the campaign's seed and what the trial is. */
function trialSeed(seed: number, cell: Cell, repetition: number): number {
  return createHash('sha256')
    .update(JSON.stringify([seed, namesOf(cell), repetition]))
    .digest()
    .readUInt32BE(0);
}

/** Seconds a plan takes, for `--dry-run`. */
export function expectedSeconds(plan: Plan, jobs: number): number {
  const total = plan.trials.reduce((sum, trial) => sum + trialSeconds(trial), 0);
  return total / Math.min(jobs, Math.max(1, plan.trials.length));
}
