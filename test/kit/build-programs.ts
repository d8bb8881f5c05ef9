/** The swarm and neighbour programs, compiled to a folder of the tests' own (types are checked elsewhere). */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';

export interface Programs {
  readonly swarm: string;
  readonly neighbour: string;
}

let built: Promise<Programs> | null = null;

/** Compiles src/probes and what it needs of src/harness, once a test process. */
export function buildPrograms(): Promise<Programs> {
  return (built ??= build());
}

async function build(): Promise<Programs> {
  const root = path.resolve(import.meta.dirname, '../..');
  const out = await mkdtemp(path.join(tmpdir(), 'ksl-programs-'));
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  await symlink(path.join(root, 'node_modules'), path.join(out, 'node_modules'));
  await writeFile(path.join(out, 'package.json'), '{"type":"module"}');
  const filesIn = async (room: string): Promise<string[]> =>
    (await readdir(path.join(root, 'src', room), { recursive: true })).map((file) => path.join(room, file));
  const files = [
    ...(await filesIn('probes')),
    ...(await filesIn('harness/records')),
    'harness/clock.ts',
    'harness/serve.ts',
    'harness/visit.ts',
  ].filter((file) => file.endsWith('.ts'));
  for (const file of files) {
    const { outputText } = ts.transpileModule(await readFile(path.join(root, 'src', file), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        rewriteRelativeImportExtensions: true,
      },
    });
    const target = path.join(out, file.replace(/\.ts$/, '.js'));
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
  return { swarm: path.join(out, 'probes/swarm.js'), neighbour: path.join(out, 'probes/neighbour.js') };
}
