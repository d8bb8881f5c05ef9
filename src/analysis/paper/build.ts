/**
 * Builds the paper: Typst through npm, no TeX and no system font. The manuscript is under paper/; its numbers, tables and
 * figures are handed to it as files that exist only while it is compiled.
 */
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import * as z from 'zod';
import { digestCampaign } from '../campaign/derive.ts';
import { drawFigures } from '../figures/all.ts';
import { FONT_FOLDER } from '../figures/render.ts';
import { paperData } from './facts.ts';
import { handTyped } from './hand-typed.ts';
import { RequestError } from '../../contracts/errors.ts';

/** The manuscript cannot be built: the message names file, line and what is wrong. */
class PaperRefused extends RequestError {
  override readonly name = 'PaperRefused';
}

/** Name of the template in paper/, which has page sizes and no prose. */
const TEMPLATE = 'template.typ';

const diagnosticSchema = z.array(
  z.object({
    message: z.string(),
    path: z.string(),
    range: z.object({ start: z.object({ line: z.number() }) }).nullish(),
  }),
);

/** The PDF of the manuscript in `source` with the numbers of the campaign in `folder`. Throws `PaperRefused`. */
export async function buildPaper(source: string, folder: string): Promise<Uint8Array> {
  const workspace = resolve(source);
  await refuseHandTyped(workspace);
  const { campaign, unselected: rows, summary } = await digestCampaign(folder);
  const drawn = await drawFigures({ rows, summary });
  const figures = drawn.map(({ figure: { id, title, caption } }) => ({ id, title, caption }));
  const compiler = NodeCompiler.create({ workspace, fontArgs: [{ fontPaths: [FONT_FOLDER] }] });
  const data = paperData(campaign.manifest, { rows, summary }, figures);
  compiler.mapShadow(join(workspace, 'data.json'), Buffer.from(JSON.stringify(data)));
  for (const { figure, svg } of drawn) {
    compiler.mapShadow(join(workspace, 'figures', `${figure.id}.svg`), Buffer.from(svg));
  }
  const compiled = compiler.compile({ mainFilePath: join(workspace, 'main.typ') });
  const document = compiled.result;
  if (document === null) {
    const error = compiled.takeError();
    const found = diagnosticSchema.parse(error === null ? [] : compiler.fetchDiagnostics(error));
    const lines = found.map(({ path, range, message }) => {
      const line = range === null || range === undefined ? '' : `:${range.start.line + 1}`;
      return `${relative('', path)}${line}: ${message}`;
    });
    throw new PaperRefused(lines.join('\n'));
  }
  // The date of the campaign: the same records give the same bytes on any day.
  return compiler.pdf(document, { creationTimestamp: Math.floor(Date.parse(campaign.manifest.startedAt) / 1000) });
}

async function refuseHandTyped(workspace: string): Promise<void> {
  const files = await readdir(workspace, { recursive: true });
  const complaints: string[] = [];
  for (const file of files.filter((name) => name.endsWith('.typ') && name !== TEMPLATE).sort()) {
    for (const { line, text } of handTyped(await readFile(join(workspace, file), 'utf8'))) {
      complaints.push(`${relative('', join(workspace, file))}:${line}: a number typed by hand: «${text}»`);
    }
  }
  if (complaints.length === 0) return;
  throw new PaperRefused(
    `${complaints.join('\n')}\nTake it from the campaign with #fact("..."); src/analysis/paper/facts.ts lists the names.`,
  );
}
