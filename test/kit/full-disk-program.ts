/** A process that runs trials and cannot write what they find: run with the code of the error. */
import { trialTaskSchema } from '../../src/harness/trial/protocol.ts';
import { serveTrials } from '../../src/harness/trial/serve-trials.ts';

serveTrials(trialTaskSchema, (_, onStage) => {
  onStage('sealing');
  return Promise.reject(Object.assign(new Error('the write failed'), { code: process.argv[2] }));
});
