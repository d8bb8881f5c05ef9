/** The kinds of scenario, one file each. */
import type { Scenario } from '../../harness/campaign/scenario.ts';
import { agreement } from './agreement.ts';
import type { Kind } from './asked.ts';
import { campaign } from './campaign.ts';
import { concurrency } from './concurrency.ts';
import { selftest } from './selftest.ts';

export const KINDS: Readonly<Record<Scenario['kind'], Kind>> = { campaign, selftest, concurrency, agreement };
