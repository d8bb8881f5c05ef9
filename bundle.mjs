/**
 * Makes each program that a trial starts one file, in place of what the compiler made of it. A trial starts three
 * Node.js processes and more; finding, reading and linking the few hundred modules of each, one by one, costs twice to
 * thrice what running them does, and with many labs side by side it is what the processors are busy with.
 *
 * Run by bootstrap.mjs after the compiler; types are its matter. What is not JavaScript, and the container engine's client, stay packages.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const SRC = path.join(ROOT, 'src');
/** The build whose programs are made anew, seen from the project. */
const [BUILD] = process.argv.slice(2);
if (BUILD === undefined) throw new Error('Which build? bootstrap.mjs gives its folder.');

const PROGRAMS = [
  'faults/injector',
  'harness/labs/docker/agent',
  'harness/trial/worker',
  'killswitches/daemon-program',
  'probes/monitor/monitor-program',
  'probes/neighbour/neighbour-program',
  'probes/retrieval/retrieval-program',
  'probes/swarm/swarm-program',
  'selftest/selftest-worker',
];

/** What a module of a bundle is told of its own place: where src/contracts/places.ts would be compiled to. */
const PLACE = '__placesUrl';

function banner(program) {
  const places = path.relative(path.dirname(program), 'contracts/places.js').replaceAll(path.sep, '/');
  return [
    // Packages of the older kind ask for Node.js's own modules by require().
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    `const ${PLACE} = new URL(${JSON.stringify(places)}, import.meta.url).href;`,
    // These programs live for seconds: a parser that zod compiles for each schema costs more than it saves.
    '(globalThis.__zod_globalConfig ??= {}).jitless = true;',
  ].join('\n');
}

await Promise.all(
  PROGRAMS.map((program) =>
    build({
      entryPoints: [path.join(SRC, `${program}.ts`)],
      outdir: path.join(ROOT, BUILD, path.dirname(program)),
      // What is loaded only when needed stays apart, beside the program, and shares its modules with it.
      splitting: true,
      chunkNames: `${path.basename(program)}-[hash]`,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['dockerode', 'koffi', 'utp-native'],
      banner: { js: banner(program) },
      define: { 'import.meta.url': PLACE },
      logLevel: 'warning',
      legalComments: 'none',
      // What is not there need not be read; names stay, for the stack in the record of a trial that failed.
      minifyWhitespace: true,
      minifySyntax: true,
    }),
  ),
);
