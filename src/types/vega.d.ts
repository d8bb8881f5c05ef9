/** Exports of vega that its types leave out. */
import 'vega';

declare module 'vega' {
  interface TextItem {
    readonly fontSize?: number;
    readonly fontWeight?: string | number;
  }

  export const textMetrics: {
    /** Whether text is measured with a canvas, where one is installed, or estimated. */
    canvas(use: boolean): void;
    /** Width of `text` in pixels; may be replaced. */
    width: (item: TextItem, text: string | undefined) => number;
  };
}
