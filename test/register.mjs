// Loads TypeScript sources in the tests through ts-node's ES-module hooks. Types are checked by `tsc`, not here.
import { register } from 'node:module';

process.env.TS_NODE_TRANSPILE_ONLY = 'true';
register('./hooks.mjs', import.meta.url);
