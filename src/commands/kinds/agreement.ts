/**
 * `agreement`: the same matrix with the same seed on both backends, one after the other, and whether they agree. Each is a
 * campaign of its own in a folder of its own; the comparison stands beside them. With a backend asked for, or on the way
 * back into one of the two, it is that campaign alone.
 */
import path from 'node:path';
import { agreementText } from '../../analysis/agreement/agreement-words.ts';
import { compareCampaigns } from '../../analysis/agreement/compare.ts';
import { makeBelow, makeResults, writeInto } from '../../analysis/campaign/campaign-folder.ts';
import { EXIT } from '../../contracts/errors.ts';
import { BACKENDS } from '../../harness/labs/choose.ts';
import { refuseExisting } from '../scenario-run.ts';
import type { Asked } from './asked.ts';
import { campaign } from './campaign.ts';

export async function agreement(asked: Asked): Promise<number> {
  const { options, run } = asked;
  if (options.lab !== 'auto' || run.manifest !== null) return campaign(asked);
  await makeResults(run.folder);
  let leaked = false;
  for (const lab of BACKENDS) {
    const folder = await makeBelow(run.folder, [lab]);
    refuseExisting(folder);
    const startedAt = new Date().toISOString();
    const code = await campaign({ ...asked, options: { ...options, lab }, run: { ...run, folder, startedAt } });
    if (code !== EXIT.done && code !== EXIT.leaked) return code;
    leaked ||= code === EXIT.leaked;
  }
  const [one, two] = BACKENDS;
  const compared = await compareCampaigns([path.join(run.folder, one), path.join(run.folder, two)], [one, two]);
  const text = JSON.stringify(compared, null, 2);
  await writeInto(run.folder, ['agreement.json'], `${text}\n`);
  console.log(options.json ? text : agreementText(compared));
  return leaked || compared.cells.some(({ differs }) => differs.length > 0) ? EXIT.leaked : EXIT.done;
}
