/**
 * What a real tracker or DHT node of the swarm is: software as people run it, on an address of its own beside the
 * instrumented swarm, since for how long a peer is remembered is a matter of the implementation. It is watched from
 * outside only, by the retrieval and the captures.
 */
import type { Argv, Host, Need } from '../../contracts/host.ts';
import type { RunningInstrument } from '../../contracts/instrument.ts';

export interface Infrastructure {
  readonly id: string;
  readonly title: string;
  readonly kind: 'tracker' | 'dht';
  readonly address: string;
  readonly port: number;
  readonly needs: readonly Need[];
  readonly expiry: Expiry;
  /** Asks the program itself for its version. */
  readonly version: (host: Host) => Promise<string>;
  /** Writes what it needs into `folder` and gives the command that runs it. */
  readonly prepare: (host: Host, job: InfrastructureJob) => Promise<Argv>;
}

/** Time for which a peer that announced itself once is handed out, as the implementation's source says. */
export interface Expiry {
  /** Seconds of the implementation's constant; null: for as long as it runs. */
  readonly seconds: number | null;
  /**
   * Seconds between which a life may end as seen from outside: its clock may be coarse, and it may look only now and
   * then. Null where nothing ends.
   */
  readonly windowSeconds: readonly [earliest: number, latest: number] | null;
  readonly source: string;
}

export interface InfrastructureJob {
  /** A folder of its own on the host. */
  readonly folder: string;
  readonly infoHash: string;
  /** A DHT node to begin from. */
  readonly entry: { readonly address: string; readonly port: number };
}

export interface RunningInfrastructure extends RunningInstrument {
  readonly infrastructure: Infrastructure;
  readonly version: string;
}
