/**
 * A vega-lite specification becomes SVG text, and SVG becomes PNG bytes. Nothing of the machine gets in: text is measured
 * without a canvas, numbers are formatted for no locale, and the only fonts are the packaged ones.
 */
import { renderAsync } from '@resvg/resvg-js';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { FONT, THEME } from './style.ts';

/** Text widths are estimated for the packaged font, never asked from a canvas that some machine may have. */
vega.textMetrics.canvas(false);
vega.textMetrics.width = (item, text) => {
  const em = Array.from(text ?? '', emOf).reduce((sum, width) => sum + width, 0);
  return em * (item.fontSize ?? DEFAULT_FONT_SIZE) * (item.fontWeight === 'bold' ? BOLD_WIDER : 1);
};

const DEFAULT_FONT_SIZE = 11;
/** DejaVu Sans Bold against DejaVu Sans, over lower-case English. */
const BOLD_WIDER = 1.12;

/** Advance of a character of DejaVu Sans in em, by kind, rounded up: close enough to leave room. */
function emOf(character: string): number {
  if (/[ijlftrI.,:;|!'()[\]/ -]/.test(character)) return 0.38;
  if (/[mwMW@%]/.test(character)) return 0.97;
  return /[A-Z]/.test(character) ? 0.72 : 0.63;
}

/** Draws `spec`. `id` keeps the ids inside apart from other drawings of one page; `label` is what a reader hears. */
export async function toSvg(spec: TopLevelSpec, id: string, label: string): Promise<string> {
  const compiled = compile({ ...spec, config: { ...THEME, ...spec.config } }, { logger: strict(id) }).spec;
  vega.resetSVGDefIds();
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
  try {
    const svg = await view.toSVG();
    return named(svg, id, label);
  } finally {
    view.finalize();
  }
}

/** A specification that vega-lite has to bend is a mistake of ours: it ends the drawing instead of a line on stderr. */
function strict(id: string): vega.LoggerInterface {
  const refuse = (...message: readonly unknown[]): never => {
    throw new Error(`figure ${id}: ${message.join(' ')}`);
  };
  const logger: vega.LoggerInterface = {
    level: () => logger,
    error: refuse,
    warn: refuse,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}

/** The packaged font's folder, wherever npm put it. */
export const FONT_FOLDER = join(
  dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')),
  'ttf',
);

/** Pixels at double size beyond which a picture is drawn at its own size: it is large enough to be read so. */
const MOST_PIXELS = 6_000_000;

/** Draws SVG text to PNG, on a thread of its own, at double size unless that makes it huge. */
export async function toPng(svg: string): Promise<Uint8Array> {
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(FONT_FOLDER, name));
  const [, width = NaN, height = NaN] = (/width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []).map(Number);
  const scale = scaleOf(width, height);
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' };
  return (await renderAsync(svg, { font, fitTo: { mode: 'zoom', value: scale } })).asPng();
}

/** The drawing library ends the whole process where it is asked for a picture it has no memory for. */
const LARGEST_PIXELS = 64_000_000;
const LONGEST_SIDE = 30_000;

function scaleOf(width: number, height: number): number {
  if (!(width > 0 && height > 0))
    throw new RangeError(`a picture has ${width} by ${height} pixels: it cannot be drawn`);
  if (4 * width * height <= MOST_PIXELS) return 2;
  return Math.min(1, Math.sqrt(LARGEST_PIXELS / (width * height)), LONGEST_SIDE / Math.max(width, height));
}

/** What vega says of every mark: a reader hears the picture's own label instead, and the file is half the size. */
const ROLES = / (?:role|aria-[a-z]+|class)="[^"]*"/g;

function named(svg: string, id: string, label: string): string {
  const escaped = label.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return svg
    .replace(ROLES, '')
    .replace('<svg ', () => `<svg role="img" aria-label="${escaped}" font-family="${FONT}" `)
    .replace(/ id="([^"]+)"/g, ` id="${id}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${id}-$1)`);
}
