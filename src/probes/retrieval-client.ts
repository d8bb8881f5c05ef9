/** The harness's hold on the retrieval and the monitor: starts them beside the swarm and hands on what they say. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Host } from '../contracts/host.ts';
import type { RunningInstrument } from '../contracts/instrument.ts';
import type { InstrumentEvent, MonitorEvent, RetrievalEvent } from '../records/timeline.ts';
import { startLineProgram } from '../programs/line-program.ts';
import { monitorLineSchema, type MonitorConfig } from './monitor/monitor-config.ts';
import { retrievalLineSchema, type RetrievalCommand, type RetrievalConfig } from './retrieval/retrieval-config.ts';

export interface RunningRetrieval extends RunningInstrument {
  tell(command: RetrievalCommand['command']): void;
}

/** Starts the retrieval; resolves when it could ask. */
export async function startRetrieval(
  host: Host,
  options: {
    readonly config: RetrievalConfig;
    readonly onEvent: (event: RetrievalEvent) => void;
  },
): Promise<RunningRetrieval> {
  const file = path.join(host.folder, 'retrieval.json');
  await writeFile(file, JSON.stringify(options.config));
  const program = await startLineProgram(
    host,
    'probes/retrieval/retrieval-program',
    file,
    retrievalLineSchema,
    (line) => {
      if ('kind' in line) options.onEvent(line);
    },
  );
  return {
    id: 'retrieval',
    tell: (command) => program.tell({ command }),
    stop: () => program.stop(),
  };
}

/** Starts the monitor; resolves when it listens. It asks from then on. */
export async function startMonitor(
  host: Host,
  options: {
    readonly config: MonitorConfig;
    readonly onEvent: (event: InstrumentEvent | MonitorEvent) => void;
  },
): Promise<RunningInstrument> {
  const file = path.join(host.folder, 'monitor.json');
  await writeFile(file, JSON.stringify(options.config));
  const program = await startLineProgram(host, 'probes/monitor/monitor-program', file, monitorLineSchema, (line) => {
    if ('kind' in line) options.onEvent(line);
  });
  return { id: 'monitor', stop: () => program.stop() };
}
