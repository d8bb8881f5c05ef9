import { CHECKS } from './compliance.ts';
import { HOSTILE_CHECKS, OWN_USERS_CHECKS } from './hostile-guest.ts';
import { enterNamespaces } from '../../../src/harness/labs/netns.ts';
import { complianceSuite, programArgv } from '../../kit/lab-suite.ts';

describe('the lab in network namespaces', () => {
  complianceSuite(
    () => Promise.resolve(enterNamespaces(programArgv())),
    [...CHECKS, ...HOSTILE_CHECKS, ...OWN_USERS_CHECKS],
  );
});
