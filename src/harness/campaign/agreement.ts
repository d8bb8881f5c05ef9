/**
 * A scenario of kind `agreement`: the same matrix with the same seed on both backends, one after the other, and whether
 * they agree. Each is a campaign of its own in a folder of its own; the comparison stands beside them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { compareCampaigns } from '../../analysis/agreement/compare.ts';
import { agreementText } from '../../analysis/agreement/agreement-words.ts';
import { EXIT } from '../../contracts/errors.ts';
import { BACKENDS } from '../labs/choose.ts';

/** `campaign` runs the scenario on one backend into a folder and gives the exit code. */
export async function runAgreement(
  folder: string,
  json: boolean,
  campaign: (backend: (typeof BACKENDS)[number], folder: string) => Promise<number>,
): Promise<number> {
  await mkdir(folder, { recursive: true });
  for (const backend of BACKENDS) {
    const code = await campaign(backend, path.join(folder, backend));
    if (code === EXIT.cannotRun || code === EXIT.interrupted) return code;
  }
  const [one, two] = BACKENDS;
  const agreement = await compareCampaigns([path.join(folder, one), path.join(folder, two)], [one, two]);
  const text = JSON.stringify(agreement, null, 2);
  await writeFile(path.join(folder, 'agreement.json'), `${text}\n`);
  console.log(json ? text : agreementText(agreement));
  return EXIT.done;
}
