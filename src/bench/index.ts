/** Every benchmark, by the name it is asked for with, in the order in which they are measured. */
import type { Bench } from './bench.ts';
import { campaignBench } from './campaign-cost.ts';
import { classificationBench } from './classification.ts';
import { derivationBench } from './derivation.ts';
import { dockerBench } from './container-labs.ts';
import { labBench } from './lab.ts';
import { listingBench } from './listing.ts';
import { momentsBench } from './moment-delay.ts';

export const BENCHES: Readonly<Record<string, Bench>> = {
  listing: listingBench,
  lab: labBench,
  moments: momentsBench,
  docker: dockerBench,
  classification: classificationBench,
  derivation: derivationBench,
  campaign: campaignBench,
};
