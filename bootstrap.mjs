#!/usr/bin/env node
/**
 * Runs before every command: makes sure that the npm modules are there and that build/ is the compiled src/, then hands
 * over to the command line. Depends on nothing but Node.js. When nothing is missing it only compares times of files.
 *
 * The command line runs compiled: every trial starts two to four Node.js processes, and each would spend most of a
 * second on compiling otherwise. The distribution's packages are a matter of the scenario and are seen to in
 * src/harness/labs/provision.ts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(ROOT, ...parts);

function fail(message) {
  process.stderr.write(`killswitch-lab: ${message}\n`);
  process.exit(2);
}

function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The latest change below a folder; a removed file shows in its folder's own time. */
function latestChange(folder) {
  let latest = modified(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? latestChange(full) : modified(full));
  }
  return latest;
}

function run(what, program, args) {
  process.stderr.write(`killswitch-lab: ${what}\n`);
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    const how = error ? error.message : `exit code ${status}`;
    fail(`${what} failed (${how}). To see it again, type in ${ROOT}:\n  ${program} ${args.join(' ')}`);
  }
}

/**
 * Refuses a Node.js that package.json (engines) does not name: one too old for the sources as compiled, or of a release
 * line that ends within months and that no test runs. Each term there is «^MAJOR.MINOR.PATCH»: that version or a later
 * one of the same line.
 */
function checkNode() {
  const { engines } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const allowed = engines.node.split(' || ').map((term) => term.slice(1).split('.').map(Number));
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (allowed.some(([line, from]) => major === line && minor >= from)) return;
  const names = allowed.map(([line, from]) => (from === 0 ? `${line}` : `${line} (from ${line}.${from})`));
  fail(
    `Node.js «${process.versions.node}» is not supported. Supported are the release lines ${names.join(', ')}. ` +
      'Install one of them, for example from https://nodejs.org/, and run the command again.',
  );
}

/** npm leaves a lock file of its own in node_modules when an installation has ended. */
function ensureModules() {
  if (modified(at('node_modules', '.package-lock.json')) >= modified(at('package-lock.json'))) return;
  run('installing the npm modules', 'npm', ['ci', '--no-progress', '--loglevel=error']);
}

function ensureBuild() {
  const stamp = at('build', '.stamp');
  const recipes = ['tsconfig.json', 'tsconfig.build.json', 'bundle.mjs'].map((file) => modified(at(file)));
  const sources = Math.max(latestChange(at('src')), ...recipes);
  const modules = modified(at('node_modules', '.package-lock.json'));
  const began = Date.now() / 1000;
  if (modified(stamp) >= Math.max(sources, modules)) return;
  rmSync(stamp, { force: true });
  if (!existsSync(at('build'))) mkdirSync(at('build'));
  run('compiling', process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
  run('bundling the programs of a trial', process.execPath, [at('bundle.mjs')]);
  writeFileSync(stamp, `${began}\n`);
}

const [command = 'help', ...args] = process.argv.slice(2);
checkNode();
ensureModules();
ensureBuild();
const { main } = await import(pathToFileURL(at('build', 'cli.js')).href);
process.exitCode = await main([command, ...args]);
