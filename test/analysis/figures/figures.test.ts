import assert from 'node:assert/strict';
import { drawFigures, FIGURES } from '../../../src/analysis/figures/all.ts';
import type { FigureInput } from '../../../src/analysis/figures/figure.ts';
import { toPng, toSvg } from '../../../src/analysis/figures/render.ts';
import { timelineSpec } from '../../../src/analysis/figures/trial-timeline.ts';
import { rowOf, type TrialRow } from '../../../src/analysis/summary/rows.ts';
import { summarise } from '../../../src/analysis/summary/summarise.ts';
import type { Manifest } from '../../../src/records/manifest.ts';
import {
  SYNTHETIC_PLAN,
  SYNTHETIC_SWITCHES,
  syntheticManifest,
  syntheticTimeline,
  syntheticTrials,
} from '../../../src/bench/synthetic.ts';

const PLAN = {
  ...SYNTHETIC_PLAN,
  switches: [
    ...SYNTHETIC_SWITCHES,
    { id: 'client-bind+wg-quick-postup', family: 'combined', leak: 0, gapSeconds: 0 } as const,
  ],
};
const records = [...syntheticTrials(PLAN)];
const input: FigureInput = (() => {
  const rows = records.map((record) => rowOf(record));
  return { rows, summary: summarise(syntheticManifest(PLAN), rows, []) };
})();
const empty: FigureInput = { rows: [], summary: summarise(syntheticManifest(PLAN), [], []) };
/** What a person reads in a picture: the text elements, in order. */
const wordsOf = (svg: string): string => svg.replace(/<style.*?<\/style>/gs, '').replace(/<[^>]+>/g, '\n');

function scenarioOf(rows: readonly TrialRow[]): Manifest['scenario'] {
  return { ...syntheticManifest(PLAN).scenario, cells: rows.map(({ cell }) => cell) };
}

describe('figures', () => {
  it('are all drawn where there is something to show, each with an id, a label and no word cut off', async () => {
    const drawn = await drawFigures(input);
    assert.deepEqual(
      drawn.map(({ figure }) => figure.id),
      FIGURES.map(({ id }) => id),
    );
    for (const { figure, svg } of drawn) {
      assert.match(svg, /^<svg role="img" aria-label="[^"]{20,}"/);
      assert.ok(!wordsOf(svg).includes('…'), `${figure.id}: ${/[^\n]*…/.exec(wordsOf(svg))?.[0] ?? ''}`);
    }
  });

  it('are not drawn where there is nothing to show, except what is planned', async () => {
    assert.deepEqual(
      (await drawFigures(empty)).map(({ figure }) => figure.id),
      ['matrix'],
    );
  });

  it('leave a place of a grid empty where nothing was seen, and do not fill it with the next one', () => {
    const row = rowOf(records.find(({ measures }) => measures?.verdict === 'leak')!);
    const inCell = (client: string, killSwitch: string) => ({ ...row, cell: { ...row.cell, client, killSwitch } });
    const rows = [inCell('a', 'none'), inCell('b', 'ufw')];
    const summary = summarise({ ...syntheticManifest(PLAN), scenario: scenarioOf(rows) }, rows, []);
    for (const id of ['survival', 'hand-outs', 'naming', 'knocks']) {
      const spec = JSON.stringify(FIGURES.find((figure) => figure.id === id)!.spec({ rows, summary }));
      const places = spec.match(/\{[^{}]*"kind":"place"[^{}]*\}/g) ?? [];
      for (const client of ['a', 'b']) {
        for (const killSwitch of ['none', 'ufw']) {
          const here = places.some((place) => place.includes(`"${client}"`) && place.includes(`"${killSwitch}"`));
          assert.ok(here, `${id}: ${client}, ${killSwitch}`);
        }
      }
    }
  });

  it('are the same bytes each time, as SVG and as PNG', async () => {
    const [once, again] = [await drawFigures(input), await drawFigures(input)];
    once.forEach(({ svg }, index) => {
      assert.equal(svg, again[index]!.svg);
    });
    const png = await toPng(once[0]!.svg);
    assert.deepEqual([...png.subarray(1, 4)], [...Buffer.from('PNG')]);
    assert.ok(Buffer.from(png).equals(Buffer.from(await toPng(again[0]!.svg))));
  });

  it('say without colour what they say with it: the matrix in words, the gap’s censoring in shapes', async () => {
    const drawn = new Map((await drawFigures(input)).map(({ figure, svg }) => [figure.id, svg]));
    const matrix = wordsOf(drawn.get('matrix')!);
    for (const words of ['● leaks', '○ no leak seen', 'at most']) assert.ok(matrix.includes(words), words);
    assert.match(wordsOf(drawn.get('gap')!), /not seen/);
  });

  it('keep the ids of two drawings of a page apart', async () => {
    const spec = FIGURES.find(({ id }) => id === 'polling')!.spec(input)!;
    const ids = (svg: string): string[] => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
    const [a, b] = [ids(await toSvg(spec, 'a', 'a')), ids(await toSvg(spec, 'b', 'b'))];
    assert.ok(a.length > 0);
    assert.ok(a.every((id) => !b.includes(id)));
  });
});

describe('the timeline of a trial', () => {
  const draw = async (killSwitch: string): Promise<string> => {
    const record = records.find(({ cell, measures }) => cell.killSwitch === killSwitch && measures !== null)!;
    const events = syntheticTimeline(record);
    const spec = await timelineSpec({ record, measures: record.measures, events, capture: null });
    return wordsOf(await toSvg(spec!, 'timeline', 'a trial'));
  };

  it('shows the tunnel, the switch, each class that leaked, who learnt it, the fault and the restoration', async () => {
    const words = await draw('app-kill(poll=2s)');
    const lanes = ['tunnel', 'payload towards it', 'kill switch', 'clear: dht', 'learnt by peer'];
    const marks = ['fault', 'last clear packet', 'restored', 'noticed, acted', 'handshake'];
    for (const word of [...lanes, ...marks]) assert.ok(words.includes(word), word);
  });

  it('shows no lane for what did not leave', async () => {
    assert.doesNotMatch(await draw('wg-quick-postup'), /clear:|learnt by|last clear packet/);
  });

  it('is not drawn of a trial that never came to its fault', async () => {
    const record = records.find(({ instants }) => instants.fault === null)!;
    assert.equal(await timelineSpec({ record, measures: null, events: [], capture: null }), null);
  });
});
