/** `npm run figures`: not there yet. */

/** Throws. */
export function figuresCommand(argv: readonly string[]): Promise<number> {
  return Promise.reject(
    new Error(`figures ${argv.join(' ')}: this version cannot do it yet; \`npm run analyze\` writes the report`),
  );
}
