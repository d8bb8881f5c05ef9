/** `npm run paper`: not there yet. */

/** Throws. */
export function paperCommand(argv: readonly string[]): Promise<number> {
  return Promise.reject(
    new Error(`paper ${argv.join(' ')}: this version cannot do it yet; \`npm run analyze\` writes the report`),
  );
}
