/**
 * Makes a client's own settings of a job: the features it switches, its binding, and the folders and environment that
 * keep the client away from the user's home. Says nothing about what a setting really does on the network.
 */
import { join } from 'node:path';
import type { Binding, ClientFeatures, ClientJob, TorrentClient } from '../contracts/client.ts';
import { Unsupported } from '../contracts/errors.ts';
import { makeFolder, namesIn } from '../contracts/guest-folder.ts';
import { featuresSchema } from '../records/conditions.ts';

type Feature = keyof ClientFeatures;

/** The setting behind a feature: its name and what it is set to, on a side the client can be switched to. */
interface Toggle<T> {
  readonly setting: string;
  readonly on?: T;
  readonly off?: T;
}

/** A client's feature switches; what it always or never does is left out. */
export type Toggles<T> = Readonly<Partial<Record<Feature, Toggle<T> | readonly Toggle<T>[]>>>;

const FEATURES: readonly Feature[] = featuresSchema.keyof().options;

/** The settings a job asks for, and none for what it leaves at the client's default. Throws `Unsupported` on what it cannot switch. */
export function switched<T>(client: TorrentClient, features: ClientFeatures, toggles: Toggles<T>): Record<string, T> {
  const settings: Record<string, T> = {};
  for (const feature of FEATURES) {
    const wanted = features[feature];
    if (wanted === 'default') continue;
    const sides = [toggles[feature] ?? []].flat();
    const chosen = sides.flatMap(({ setting, [wanted]: value }) => (value === undefined ? [] : [{ setting, value }]));
    if (chosen.length === 0 && wanted !== always(client, feature)) {
      throw new Unsupported(
        `${client.id} cannot switch ${feature} ${wanted}: it has no setting for that, and is ${always(client, feature)} by itself. ` +
          `Leave ${feature} at «default», or choose another client.`,
      );
    }
    for (const { setting, value } of chosen) settings[setting] = value;
  }
  return settings;
}

/** What a feature is where nothing is set. Encryption is a matter between peers: neither demanded nor refused. */
function always({ speaks }: TorrentClient, feature: Feature): 'on' | 'off' | 'negotiated' {
  if (!speaks[feature]) return 'off';
  return feature === 'encryption' ? 'negotiated' : 'on';
}

/** The job's binding; throws `Unsupported` when the client has no such option. */
export function supportedBinding(client: TorrentClient, job: ClientJob): Binding {
  if (!client.bindings.includes(job.binding.kind)) {
    throw new Unsupported(
      `${client.id} cannot be bound by ${job.binding.kind}: it supports ${client.bindings.join(', ')}. ` +
        'Choose one of these, or another client.',
    );
  }
  return job.binding;
}

/** A section of a settings file as Qt and KDE write them: its name, then a setting a line. */
export function section(name: string, settings: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${String(value)}\n`);
  return `[${name}]\n${lines.join('')}`;
}

/** Whether an earlier run left an entry of such a name in the folder: what the client then resumes is its torrent. */
export function leftBehind(guest: string, folder: string, name: RegExp): boolean {
  return namesIn(guest, folder).some((each) => name.test(each));
}

/** Home and XDG folders inside the state folder, so that nothing of the user's own is read or written. */
export function homeIn(stateFolder: string): Record<string, string> {
  const home = join(stateFolder, 'home');
  makeFolder(stateFolder, 'home');
  // Closed to others, or Qt does not take it.
  makeFolder(stateFolder, 'run', 0o700);
  return {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_STATE_HOME: join(home, '.local/state'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_RUNTIME_DIR: join(stateFolder, 'run'),
    LC_ALL: 'C.UTF-8',
  };
}
