/** `npm run regress`: not there yet. */

/** Throws. */
export function regressCommand(argv: readonly string[]): Promise<number> {
  return Promise.reject(
    new Error(`regress ${argv.join(' ')}: this version cannot do it yet; \`npm run analyze\` writes the report`),
  );
}
