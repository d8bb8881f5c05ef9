/**
 * Makes each program that a trial starts one file, in place of what the compiler made of it in build/. A trial starts three
 * Node.js processes and more; finding, reading and linking the few hundred modules of each, one by one, costs twice to
 * thrice what running them does, and with many labs side by side it is what the processors are busy with.
 *
 * Run by bootstrap.mjs after the compiler; types are its matter. What is not JavaScript, and the container engine's client, stay packages.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const SRC = path.join(ROOT, 'src');

const PROGRAMS = [
  'faults/injector',
  'harness/labs/docker/agent',
  'harness/selftest/worker',
  'harness/worker',
  'killswitches/service',
  'probes/monitor',
  'probes/neighbour',
  'probes/retrieval',
  'probes/swarm',
];

const BANNER = [
  // Packages of the older kind ask for Node.js's own modules by require().
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  // These programs live for seconds: a parser that zod compiles for each schema costs more than it saves.
  '(globalThis.__zod_globalConfig ??= {}).jitless = true;',
].join('\n');

/** A module that asks where it is gets the answer it would have had in a file of its own. */
function ownPlaces(program) {
  const from = path.join(SRC, path.dirname(program));
  return {
    name: 'own-places',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path: file }) => {
        const text = await readFile(file, 'utf8');
        const place = path.relative(from, file).replaceAll(path.sep, '/').replace(/\.ts$/, '.js');
        const own = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
        return { contents: text.replaceAll('import.meta.url', own), loader: 'ts' };
      });
    },
  };
}

await Promise.all(
  PROGRAMS.map((program) =>
    build({
      entryPoints: [path.join(SRC, `${program}.ts`)],
      outdir: path.join(ROOT, 'build', path.dirname(program)),
      // What is loaded only when needed stays apart, beside the program, and shares its modules with it.
      splitting: true,
      chunkNames: `${path.basename(program)}-[hash]`,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['dockerode', 'koffi', 'utp-native'],
      banner: { js: BANNER },
      plugins: [ownPlaces(program)],
      logLevel: 'warning',
      legalComments: 'none',
      // What is not there need not be read; names stay, for the stack in the record of a trial that failed.
      minifyWhitespace: true,
      minifySyntax: true,
    }),
  ),
);
