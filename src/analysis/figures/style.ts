/**
 * How every figure looks. Legible on paper and without colour: what colour says is also said by a shape, a position or a
 * word, and the colours differ in lightness too.
 */
import type { Config } from 'vega-lite';
import type { Party } from '../../records/vocabulary.ts';
import type { CellSummary } from '../summary/schema.ts';

export const FONT = 'DejaVu Sans, Verdana, sans-serif';

export const INK = '#1b1f24';
export const MUTED = '#57606a';
export const RULE = '#d0d7de';
/** Wong's palette (Nature Methods 8, 2011), told apart by people with any common kind of colour vision. */
export const LEAK = '#b3450b';
export const SAFE = '#0b6fa4';
const OPEN = '#6e7781';
export const ACCENT = '#7a4fa3';

/** The kinds of third party, wherever several share a picture. */
export const PARTY_COLOURS: Readonly<Record<Party, string>> = {
  tracker: LEAK,
  dht: SAFE,
  peer: ACCENT,
  neighbour: OPEN,
  resolver: INK,
};

type Finding = CellSummary['finding'];

/** Sign, word, fill and ink of a finding; the record's type names every finding. */
export const FINDINGS: Readonly<
  Record<Finding, { readonly sign: string; readonly word: string; readonly fill: string }>
> = {
  leaks: { sign: '●', word: 'leaks', fill: '#f3c9ae' },
  'no-leak-seen': { sign: '○', word: 'no leak seen', fill: '#dcedf7' },
  inconclusive: { sign: '?', word: 'inconclusive', fill: '#ffffff' },
  unsupported: { sign: '–', word: 'unsupported', fill: '#eceff1' },
};

export const THEME: Config = {
  background: 'white',
  font: FONT,
  padding: 8,
  axis: {
    labelColor: INK,
    titleColor: INK,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    gridColor: '#e8ebee',
    domainColor: MUTED,
    tickColor: MUTED,
    labelLimit: 260,
  },
  header: { labelColor: INK, labelFontSize: 12, labelFontWeight: 'bold', titleColor: INK, labelLimit: 400 },
  legend: { labelColor: INK, titleColor: INK, labelFontSize: 11, titleFontSize: 11 },
  title: { color: INK, fontSize: 14, subtitleColor: MUTED, subtitleFontSize: 11, anchor: 'start', offset: 12 },
  view: { stroke: RULE },
  text: { color: INK, fontSize: 11 },
};
