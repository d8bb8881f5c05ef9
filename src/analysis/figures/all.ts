/** Every figure of a campaign, in the order a reader meets them. Adding one is a file and a line here. */
import { classesFigure } from './classes.ts';
import { exposureFigure } from './exposure.ts';
import { expiryFigure } from './expiry.ts';
import { extentOf } from './extent.ts';
import type { Figure, FigureInput } from './figure.ts';
import { handOutsFigure } from './hand-outs.ts';
import { knocksFigure } from './knocks.ts';
import { monitorFigure } from './monitor-finds.ts';
import { namingFigure } from './naming.ts';
import { matrixFigure } from './matrix.ts';
import { pollingFigure } from './polling.ts';
import { toSvg } from './render.ts';
import { restartFigure } from './restart.ts';
import { gapFigure, recoveryFigure } from './strips.ts';
import { survivalFigure } from './survival.ts';

export const FIGURES: readonly Figure[] = [
  matrixFigure,
  gapFigure,
  classesFigure,
  exposureFigure,
  pollingFigure,
  survivalFigure,
  handOutsFigure,
  namingFigure,
  expiryFigure,
  knocksFigure,
  restartFigure,
  monitorFigure,
  recoveryFigure,
];

export interface DrawnFigure {
  readonly figure: Figure;
  readonly svg: string;
}

/** Draws every figure the campaign has something to show in; `onDrawn` is told of each at once. */
export async function drawFigures(whole: FigureInput, onDrawn?: (drawn: DrawnFigure) => void): Promise<DrawnFigure[]> {
  const { input, leftOut } = extentOf(whole);
  const drawn: DrawnFigure[] = [];
  for (const each of FIGURES) {
    const spec = each.spec(input);
    if (spec === null) continue;
    const figure = leftOut === null ? each : { ...each, caption: `${each.caption} ${leftOut}` };
    const one = { figure, svg: await toSvg(spec, figure.id, `${figure.title}. ${figure.caption}`) };
    drawn.push(one);
    onDrawn?.(one);
  }
  return drawn;
}
