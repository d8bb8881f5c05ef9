/** Derives the campaign in the folder named, once, and tells what that took: the worker of the derivation's bench. */
import { deriveCampaign } from '../analysis/campaign/derive.ts';
import { US_PER_SECOND } from '../records/units.ts';

const KIB_PER_MIB = 1024;

const [folder = ''] = process.argv.slice(2);
const began = performance.now();
await deriveCampaign(folder);
const seconds = (performance.now() - began) / 1000;
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const processorSeconds = (userCPUTime + systemCPUTime) / US_PER_SECOND;
process.stdout.write(JSON.stringify({ seconds, processorSeconds, peakMiB: maxRSS / KIB_PER_MIB }));
