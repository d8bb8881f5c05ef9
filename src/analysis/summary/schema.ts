/**
 * The shape of summary.json. Its JSON Schema is made from this, and results/FORMAT.md describes it for people. Every
 * interval is at two-sided 95 % unless its name says otherwise; missing is null.
 */
import * as z from 'zod';
import { FORBIDDEN } from '../../records/findings.ts';
import { CLEAR_CLASSES, KILL_SWITCH_FAMILIES, PARTIES, SOURCE_KINDS } from '../../records/vocabulary.ts';
import { PROBLEM_KINDS } from '../campaign/problems.ts';
import { causeSchema } from './cause.ts';
import { evidenceSchema } from './reach.ts';

/** Version of the format, raised when a field changes its meaning or goes; a new field does not raise it. */
export const SUMMARY_VERSION = 1;

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

const proportion = z.object({ estimate: share, low: share, high: share });

const estimate = z.object({
  median: z.number(),
  /** Ends of the interval; null with a single value. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Number of trials that gave a value. */
  trials: count,
});

const censoredEstimate = estimate.extend({
  /** How many of these values are lower bounds. Where the median is one of them, it is a lower bound too. */
  censored: count,
  medianIsLowerBound: z.boolean(),
});

const survival = z.object({
  /** Kaplan-Meier median, in seconds; null beyond what was watched. */
  median: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  observations: count,
  censored: count,
});

const names = { client: z.string(), killSwitch: z.string(), fault: z.string(), moment: z.string() };

const CONTROLS = ['leaked', 'partly', 'silent', 'absent'] as const;

const cellSchema = z.object({
  ...names,
  family: z.enum(KILL_SWITCH_FAMILIES).nullable(),
  trials: count,
  verdicts: z.object({ leak: count, noLeak: count, inconclusive: count, unsupported: count }),
  /** Who learnt what and when, of trials that broke off too; null where nothing was measured. */
  found: evidenceSchema.nullable(),
  /** Whether the fault did it, as held against the placebo arm; null for a placebo arm itself. */
  cause: causeSchema.nullable(),
  /** Words for what was found, and whether the fault did it: a sentence or two. */
  sentence: z.string(),
  /**
   * Clopper-Pearson over the trials with a verdict of leak or no-leak; null without any. In a sequential campaign at the
   * confidence of one look.
   */
  leakProbability: proportion.nullable(),
  /** One-sided 95 % upper bound where no judged trial leaked; null elsewhere. */
  leakUpperBound: share.nullable(),
  /** Seconds from the fault to the instant the switch says it had acted. */
  switchLatencySeconds: estimate.nullable(),
  /** Seconds from the fault to the instant the switch says it noticed. */
  detectionSeconds: estimate.nullable(),
  /** Seconds from the fault to the last clear packet of the outage, over the trials that had one. */
  gapSeconds: censoredEstimate.nullable(),
  /** Clear packets over all judged trials, those without a leak with their zero. */
  clearPackets: estimate.nullable(),
  clearBytes: estimate.nullable(),
  /** Clear packets of each class over all judged trials, in total. */
  clearPacketsByClass: z.record(z.enum(CLEAR_CLASSES), count),
  /** Judged trials in which a third party of the kind learnt the real address from the fault on. */
  exposures: z.record(z.enum(PARTIES), count),
  /** Third parties that learnt it, per judged trial. */
  exposedParties: estimate.nullable(),
  /** Seconds from restoration to the first payload byte through the tunnel. */
  recoverySeconds: estimate.nullable(),
  /** Judged trials in which no payload came back through the tunnel. */
  notRecovered: count,
  /** Judged trials with clear packets before the fault. */
  baselineLeaks: count,
  /** Kaplan-Meier median of the time from containment to the last knock; null median when over half are censored. */
  addressSurvivalSeconds: z
    .object({
      median: z.number().nullable(),
      low: z.number().nullable(),
      high: z.number().nullable(),
      trials: count,
      censored: count,
    })
    .nullable(),
  /** Judged trials watched by a monitor, and in how many it was told of the real address and met it. */
  monitor: z
    .object({
      trials: count,
      named: count,
      met: count,
      /**
       * Seconds from the fault until the monitor was told of the address, and until it met it, over the trials in which
       * it came to that.
       */
      namedSeconds: estimate.nullable(),
      metSeconds: estimate.nullable(),
    })
    .nullable(),
  /** Judged trials in which the client was started again, and what became of members it had learnt in the tunnel. */
  restart: z
    .object({
      trials: count,
      remembered: count,
      contactedInClear: count,
      contactedInTunnel: count,
      /** Trials in which it did so in the clear from a source of the kind. */
      clearSources: z.record(z.enum(SOURCE_KINDS), count),
    })
    .nullable(),
  /** What the swarm still said and did in the judged trials watched to a horizon; absent where none was. */
  aftermath: z
    .object({
      trials: count,
      /** Parties that named the real address to a stranger, and their answers that did, per trial. */
      namingParties: estimate.nullable(),
      namingAnswers: estimate.nullable(),
      /** Kaplan-Meier over these parties, from learning the address to the first answer without it. */
      handedOutSeconds: survival.nullable(),
      /** Knocks after containment, of these after the client had ended, and from how many addresses, per trial. */
      knocks: estimate.nullable(),
      knockSenders: estimate.nullable(),
      knocksAfterClient: estimate.nullable(),
      knockSendersAfterClient: estimate.nullable(),
      /** Seconds from the fault to the one in which half of a trial's knocks had come, over the trials with knocks. */
      halfOfKnocksSeconds: estimate.nullable(),
    })
    .optional(),
  /** Whether the `none` arm of the same client, fault and moment leaked: without it nothing here shows safety. */
  control: z.enum(CONTROLS),
  /** What the campaign shows of this cell. */
  finding: z.enum(['leaks', 'no-leak-seen', 'inconclusive', 'unsupported']),
  /** Reasons of the inconclusive and unsupported trials, most frequent first. */
  reasons: z.array(z.object({ reason: z.string(), trials: count })),
});

const comparisonSchema = z.object({
  ...names,
  against: z.literal('none'),
  control: z.enum(CONTROLS),
  /** Fisher's exact test on the share of trials that leaked. */
  leak: z.object({ p: share, pHolm: share, difference: z.number() }).nullable(),
  /** Mann-Whitney on the clear packets of a trial; Cliff's delta below 0 means fewer than without a switch. */
  clearPackets: z.object({ p: share, pHolm: share, cliffsDelta: z.number() }).nullable(),
  outcome: z.enum(['fewer-leaks', 'more-leaks', 'no-difference-shown', 'inconclusive']),
});

const pollingSchema = z.object({
  killSwitch: z.string(),
  /** Period of the member that looks most often, where several of a combination poll: detection takes no longer. */
  periodSeconds: z.number().positive(),
  /** Periods of all members that poll, shortest first; absent where it is one. */
  periods: z.array(z.number().positive()).min(2).optional(),
  detectionSeconds: estimate,
  /** Judged trials in which it never said that it noticed: the delays say nothing of those. */
  unnoticed: count,
  /** Kolmogorov-Smirnov against uniform on [0, T]; of several periods, against the first of as many uniforms. */
  uniform: z.object({ d: share, p: share, n: count }),
});

const handOutSchema = survival.extend({ party: z.enum(PARTIES), who: z.enum(['real', 'planted']) });

const expirySchema = z.object({
  software: z.string(),
  version: z.string(),
  /**
   * Seconds after which a peer expires as the source says, and where it says so; null where that lets nothing expire.
   */
  documentedSeconds: z.number().nullable(),
  /** Seconds between which the source lets a life end as seen from outside; absent where the records do not say. */
  windowSeconds: z.tuple([z.number(), z.number()]).nullable().optional(),
  source: z.string(),
  /** Planted addresses that were followed, and those still handed out at the end. */
  observations: count,
  censored: count,
  /** Every life that was seen to end did so between these; with none seen to end, all lasted at least the first. */
  atLeastSeconds: z.number(),
  atMostSeconds: z.number().nullable(),
  /**
   * Whether every life seen could have ended within the window, or where there is none at the documented figure; null where
   * the watch was too short to tell.
   */
  agrees: z.boolean().nullable(),
});

const conclusionSchema = z.object({
  id: z.string(),
  kind: z.enum([
    'allocation',
    'control',
    'switch',
    'baseline',
    'requirement',
    'polling',
    'hand-out',
    'inconclusive',
    'data',
  ]),
  tone: z.enum(['leak', 'held', 'undecided', 'fact']),
  text: z.string(),
});

export const summarySchema = z.object({
  version: z.literal(SUMMARY_VERSION),
  campaign: z.string(),
  startedAt: z.string(),
  scenario: z.object({ name: z.string(), title: z.string(), hypothesis: z.string() }),
  seed: z.number().int(),
  confidence: share,
  trials: z.object({
    planned: count,
    recorded: count,
    /** Attempts that were repeats of disturbed trials. */
    repeats: count,
    judged: count,
    leak: count,
    noLeak: count,
    inconclusive: count,
    unsupported: count,
  }),
  /** Where results decided how many trials a cell got; absent elsewhere. */
  sequential: z
    .object({
      looks: z.array(count),
      width: z.number(),
      /** Two-sided, of a cell's interval at each look; of all its looks together it is `confidence`. */
      lookConfidence: share,
      /** Rule of the looks, in sentences. */
      rule: z.string(),
    })
    .optional(),
  conclusions: z.array(conclusionSchema),
  cells: z.array(cellSchema),
  comparisons: z.array(comparisonSchema),
  polling: z.array(pollingSchema),
  handOuts: z.array(handOutSchema),
  /**
   * Expiry of each software as measured, beside the documented one; absent where the swarm was not asked to a horizon.
   */
  expiry: z.array(expirySchema).optional(),
  /** Cells that did what the scenario forbids; `reach` where it forbids that something reaches so far. */
  violations: z.array(z.object({ ...names, reach: z.enum(FORBIDDEN).optional(), leaks: count, judged: count })),
  /** Cells that the scenario required not to leak, and of which no trial was judged. */
  unjudged: z.array(z.object({ ...names, reach: z.enum(FORBIDDEN).optional() })),
  problems: z.array(z.object({ kind: z.enum(PROBLEM_KINDS), message: z.string(), count, places: z.array(z.string()) })),
});

export type Summary = z.infer<typeof summarySchema>;
export type CellSummary = Summary['cells'][number];
export type Comparison = Summary['comparisons'][number];
export type Conclusion = Summary['conclusions'][number];
export type Polling = Summary['polling'][number];
export type Expiry = z.infer<typeof expirySchema>;
export type HandOutSurvival = Summary['handOuts'][number];
export type Control = (typeof CONTROLS)[number];

/** JSON Schema (draft 2020-12) of summary.json. */
export function summaryJsonSchema(): object {
  return z.toJSONSchema(summarySchema, { target: 'draft-2020-12' });
}
