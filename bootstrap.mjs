#!/usr/bin/env node
/**
 * Runs before every command: makes sure that the npm modules are there and that build/current is the compiled src/, then
 * hands over to the command line. Depends on nothing but Node.js. When nothing is missing it only compares times of files.
 *
 * The command line runs compiled: every trial starts two to four Node.js processes, and each would spend most of a
 * second on compiling otherwise. The distribution's packages are a matter of the scenario and are seen to in
 * src/harness/labs/provision.ts.
 *
 * A build has a folder of its own, named by what it was made of, and is never changed: a campaign goes on with the
 * programs that it began with, whatever becomes of the sources meanwhile. Whoever uses a build holds a shared lock on its
 * folder (flock(2), which the kernel gives back however the process ends); a build that nobody uses is removed with the
 * next one made. Modules have one place only, so they are not replaced while any build is in use.
 *
 * --help and --version make nothing: they are answered by the build there is, or by this file.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(ROOT, ...parts);
/** Exit codes as in src/contracts/errors.ts. */
const EXIT = { done: 0, cannotRun: 2, harnessFailed: 3 };
const BUILDS = at('build');
const CURRENT = at('build', 'current');
/** A build in the making. */
const DRAFT = at('build', '.new');
const BUILD_NAME = /^[0-9a-f]{16}$/;
/** Written last; its time is when the sources of the build were read. */
const COMPLETE = '.complete';
const RECIPES = ['tsconfig.json', 'tsconfig.build.json', 'bundle.mjs', 'package-lock.json'];

function fail(message, code = EXIT.cannotRun) {
  process.stderr.write(`killswitch-lab: ${message}\n`);
  process.exit(code);
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

function filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function run(what, program, args) {
  process.stderr.write(`killswitch-lab: ${what}\n`);
  // What is made is also read by the lab's unprivileged user.
  const mask = process.umask(0o022);
  const { status, error, signal } = spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  process.umask(mask);
  if (status !== 0) {
    const how = error ? error.message : signal ? `signal ${signal}` : `exit code ${status}`;
    fail(`${what} failed (${how}). To see it again, type in ${ROOT}:\n  ${program} ${args.join(' ')}`);
  }
}

/**
 * Refuses a Node.js that package.json (engines) does not name: one too old for the sources as compiled, or of a release
 * line that ends within months and that no test runs. Each term there is «^MAJOR.MINOR.PATCH»: that version or a later
 * one of the same line.
 */
function checkNode() {
  const { engines } = manifest();
  const allowed = engines.node.split(' || ').map((term) => term.slice(1).split('.').map(Number));
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (allowed.some(([line, from]) => major === line && minor >= from)) return;
  const names = allowed.map(([line, from]) => (from === 0 ? `${line}` : `${line} (from ${line}.${from})`));
  fail(
    `Node.js «${process.versions.node}» is not supported. Supported are the release lines ${names.join(', ')}. ` +
      'Install one of them, for example from https://nodejs.org/, and run the command again.',
  );
}

/** Files that a process of killswitch-lab has open at most, its modules at the start included. */
const DESCRIPTORS_NEEDED = 256;

/** Node.js itself raises the soft limit to the hard one (proc(5), limits): what is left is all there is. */
function checkDescriptors() {
  if (!existsSync('/proc/self/limits')) return;
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (limit === undefined || Number(limit) >= DESCRIPTORS_NEEDED) return;
  fail(
    `This shell lets a process open ${limit} files; ${DESCRIPTORS_NEEDED} are needed. Raise it with\n  ulimit -n 1024\n` +
      'or, where the shell refuses that, from a new login: its own hard limit cannot be raised again.',
  );
}

/**
 * Locks a folder for as long as this process lives, or until what is given back is closed. Null when somebody else holds
 * it, undefined where there is no flock(1): builds are then kept, since nobody can tell whether one is used.
 */
function lock(folder, ...how) {
  const descriptor = openSync(folder, 'r');
  const { status, error } = spawnSync('flock', [...how, '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
  if (status === 0) return descriptor;
  closeSync(descriptor);
  return error ? undefined : null;
}

/** npm leaves a lock file of its own in node_modules when an installation has ended. */
function modulesAreFresh() {
  return modified(at('node_modules', '.package-lock.json')) >= modified(at('package-lock.json'));
}

/** The name of the build that is made of the sources as they are; null when there is none, or one of others. */
function freshBuild() {
  let name;
  try {
    name = readlinkSync(CURRENT);
  } catch {
    return null;
  }
  const sources = Math.max(latestChange(at('src')), ...RECIPES.map((file) => modified(at(file))));
  const modules = modified(at('node_modules', '.package-lock.json'));
  return modified(path.join(BUILDS, name, COMPLETE)) >= Math.max(sources, modules) ? name : null;
}

function builds() {
  return readdirSync(BUILDS).filter((name) => BUILD_NAME.test(name));
}

function isUsed(name) {
  const descriptor = lock(path.join(BUILDS, name), '--exclusive', '--nonblock');
  if (typeof descriptor !== 'number') return true;
  closeSync(descriptor);
  return false;
}

function ensureModules() {
  if (modulesAreFresh()) return;
  if (existsSync(at('node_modules')) && builds().some(isUsed)) {
    fail(
      'package-lock.json has changed, and another command of killswitch-lab is at work with the modules as they are. ' +
        'Let it end first, or use another checkout.',
    );
  }
  run('installing the npm modules', 'npm', ['ci', '--no-progress', '--loglevel=error']);
}

/** Changes with whatever a build is made of. */
function nameOfSources() {
  const hash = createHash('sha256');
  const files = [...filesBelow(at('src')).map((file) => path.join('src', file)), ...RECIPES];
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(at(file)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Makes the build of the sources as they are, and points build/current at it. One at a time. */
function makeBuild() {
  mkdirSync(BUILDS, { recursive: true });
  const making = lock(BUILDS, '--exclusive');
  ensureModules();
  if (freshBuild() === null) {
    const began = new Date();
    const name = nameOfSources();
    const target = path.join(BUILDS, name);
    if (!existsSync(target)) {
      compileInto(DRAFT);
      writeFileSync(path.join(DRAFT, COMPLETE), '');
      renameSync(DRAFT, target);
    }
    utimesSync(path.join(target, COMPLETE), began, began);
    const link = `${CURRENT}.new`;
    rmSync(link, { force: true });
    symlinkSync(name, link);
    renameSync(link, CURRENT);
    for (const entry of readdirSync(BUILDS)) {
      const isSpare = BUILD_NAME.test(entry) ? entry !== name && !isUsed(entry) : entry !== 'current';
      if (isSpare) rmSync(path.join(BUILDS, entry), { recursive: true, force: true });
    }
  }
  if (typeof making === 'number') closeSync(making);
}

/** The compiler begins with what the last build left it, and does only what has changed since. */
function compileInto(folder) {
  rmSync(folder, { recursive: true, force: true });
  if (existsSync(CURRENT)) cpSync(path.join(BUILDS, readlinkSync(CURRENT)), folder, { recursive: true });
  else mkdirSync(folder);
  const sources = new Set(filesBelow(at('src')));
  for (const file of filesBelow(folder)) {
    // What is of no source that there is: chunks of the bundler, and sources that were removed.
    if (/\.js(\.map)?$/.test(file) && !sources.has(file.replace(/\.js(\.map)?$/, '.ts')))
      rmSync(path.join(folder, file));
  }
  const into = path.relative(ROOT, folder);
  const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
  const output = ['--outDir', into, '--tsBuildInfoFile', path.join(into, '.tsbuildinfo')];
  run('compiling', process.execPath, [compiler, '-p', 'tsconfig.build.json', ...output]);
  run('bundling the programs of a trial', process.execPath, [at('bundle.mjs'), into]);
  // Pages, style sheets and the like are read from beside the programs.
  for (const file of sources) if (!file.endsWith('.ts')) cpSync(at('src', file), path.join(folder, file));
}

/** The build to run, held for as long as this process lives. */
function takeBuild() {
  for (;;) {
    const name = modulesAreFresh() ? freshBuild() : null;
    if (name === null) {
      makeBuild();
      continue;
    }
    lock(path.join(BUILDS, name), '--shared', '--nonblock');
    // Another command may have made a newer one, and removed this, between the look and the lock.
    if (freshBuild() === name) return path.join(BUILDS, name);
  }
}

function manifest() {
  return JSON.parse(readFileSync(at('package.json'), 'utf8'));
}

/** What can be said before anything is installed. */
function overview() {
  const commands = Object.entries(manifest().scripts).filter(([, script]) => script.startsWith('node bootstrap.mjs '));
  return [
    'Usage: npm run COMMAND -- [arguments]',
    '',
    `Commands: ${commands.map(([name]) => name).join(', ')}`,
    '',
    'Nothing is compiled yet: the first command does it, and installs the npm modules. README.md says what each is for;',
    'from then on npm run COMMAND -- --help says what it takes.',
    '',
  ].join('\n');
}

/** Whether only a word about the commands is wanted: what stands behind a lone «--» is not ours. */
function asks(words, ...flags) {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? words.length : end).some((word) => flags.includes(word));
}

const words = process.argv.slice(2);
checkNode();
if (asks(words.slice(0, 1), '--version', '-V') || (words.length === 2 && asks(words, '--version'))) {
  process.stdout.write(`${manifest().version}\n`);
  process.exit(EXIT.done);
}
const forHelp = asks(words, '--help', '-h');
const isInstalled = existsSync(at('node_modules', '.package-lock.json'));
const isMade = isInstalled && existsSync(path.join(CURRENT, 'cli.js'));
if (forHelp ? !isMade : (words[0] ?? 'help') === 'help' && !isInstalled) {
  process.stdout.write(overview());
  process.exit(EXIT.done);
}
if (!forHelp) checkDescriptors();
try {
  const build = forHelp ? path.join(BUILDS, readlinkSync(CURRENT)) : takeBuild();
  const { main } = await import(pathToFileURL(path.join(build, 'cli.js')).href);
  process.exitCode = await main(words);
} catch (error) {
  fail(
    `${error?.stack ?? error}\nThis is a fault of killswitch-lab itself. If sources were just changed, remove build/ and try again.`,
    EXIT.harnessFailed,
  );
}
