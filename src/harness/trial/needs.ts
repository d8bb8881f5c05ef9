/** Packages that every trial takes, whatever its plan: the lab's own and those of the instruments, each declared at home. */
import type { Need } from '../../contracts/host.ts';
import { CAPTURE_NEEDS } from '../../probes/capture.ts';
import { COUNTERS_NEEDS } from '../../probes/counters.ts';
import { RAW_FRAME_NEEDS } from '../../probes/raw-frame-sender.ts';
import { RESOLVER_NEEDS } from '../../probes/resolver.ts';
import { NETNS_NEEDS } from '../labs/netns.ts';

export const TRIAL_NEEDS: readonly Need[] = [
  ...NETNS_NEEDS,
  ...CAPTURE_NEEDS,
  ...COUNTERS_NEEDS,
  ...RAW_FRAME_NEEDS,
  ...RESOLVER_NEEDS,
];
