// Loads TypeScript sources in the tests through ts-node. Types are checked by `tsc`, not here.
import { register } from 'node:module';

process.env.TS_NODE_TRANSPILE_ONLY = 'true';
// Node.js finds the sources by the names that they are imported by.
process.env.TS_NODE_COMPILER_OPTIONS = JSON.stringify({ rewriteRelativeImportExtensions: false });
register('./hooks.mjs', import.meta.url);
