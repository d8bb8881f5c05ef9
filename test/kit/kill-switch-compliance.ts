/**
 * The compliance suite of kill switches, for anybody's `KillSwitch`, in the real lab of either kind. What is expected of it
 * is what its own documentation claims, and nothing else: a claim it does not make is not looked at.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { KillSwitch } from '../../src/contracts/kill-switch.ts';
import { type Labs, TURN_MS } from './lab-places.ts';

const PROGRAM = fileURLToPath(new URL('../killswitches/battery-program.ts', import.meta.url));

const probes = z.array(z.enum(['v4', 'v6', 'bound4', 'bound6', 'dns', 'lan', 'multicast']));
type ProbeName = z.infer<typeof probes>[number];
const seenSchema = z.object({
  binding: z.string(),
  boot: probes,
  steady: z.object({ tunnel4: z.boolean(), tunnel6: z.boolean(), resolves: z.boolean(), probes }),
  outage: z.object({ probes, bystanderEnded: z.boolean() }),
  recovered: z.boolean(),
  instants: z.array(z.object({ stage: z.string(), atNs: z.number(), detail: z.string() })),
  left: z.object({ missing: z.array(z.string()), added: z.array(z.string()) }),
});
type Seen = z.infer<typeof seenSchema>;
const toldSchema = z.union([z.strictObject({ unsupported: z.string() }), seenSchema]);

type Claimant = Pick<KillSwitch, 'id' | 'family' | 'claims'>;

/** How a kill switch is tested, where that is not by its id from the catalogue. */
export interface SwitchRun {
  /** Reference that a scenario names it by, with parameters where the default would make the suite wait. */
  readonly reference?: string;
  /** What it combines. */
  readonly members?: readonly Claimant[];
  /** Path of the file that exports it, where it is of no catalogue: the lab's own process reads it from there. */
  readonly file?: string;
  /** Takes more rights than a container of the lab has (docs/docker.md). */
  readonly notInContainers?: boolean;
  /** Has the client bind itself, which keeps what it claims: that is looked at with real clients, not with probes. */
  readonly bindsClient?: boolean;
}

/** Tests `killSwitch` in a lab of `labs`, which `labsIn` gives in the description around it. */
export function killSwitchCompliance(killSwitch: Claimant, labs: Labs, run: SwitchRun = {}): void {
  const { reference = killSwitch.id, members = [killSwitch], file = '' } = run;
  const told = labs.run(PROGRAM, reference, file);
  const parsed = async (): Promise<z.infer<typeof toldSchema>> => toldSchema.parse(JSON.parse(await told()));

  if (labs.where === 'containers' && run.notInContainers === true) {
    it(`${reference} says that it cannot be had there`, async function () {
      this.timeout(TURN_MS);
      const seen = await parsed();
      assert.ok('unsupported' in seen);
      assert.match(seen.unsupported, /--lab netns/);
    });
    return;
  }

  describe(reference, function () {
    this.timeout(TURN_MS);

    let seen: Seen | undefined;
    before(async () => {
      const all = await parsed();
      if ('unsupported' in all) assert.fail(`unsupported: ${all.unsupported}`);
      seen = all;
    });
    const look = (): Seen => seen ?? assert.fail('nothing has been seen yet');

    if (run.bindsClient === true) {
      it('has the client bind itself, and so keep what it claims', () => assert.notEqual(look().binding, 'none'));
    } else keepsItsClaims(members, look);
    behaves(killSwitch, look);
  });
}

/** The probes that those switches say they stop. Traffic tied to the physical device is a matter of rules and namespaces. */
function claimed(members: readonly Claimant[]): ReadonlySet<ProbeName> {
  const names = members.flatMap(({ claims, family }): ProbeName[] => {
    const bound = family === 'firewall' || family === 'namespace';
    return [
      ...(claims.v4 ? (['v4'] as const) : []),
      ...(claims.v6 ? (['v6'] as const) : []),
      ...(claims.v4 && bound ? (['bound4'] as const) : []),
      ...(claims.v6 && bound ? (['bound6'] as const) : []),
      ...(claims.dns ? (['dns'] as const) : []),
      ...(claims.lan ? (['lan', 'multicast'] as const) : []),
    ];
  });
  return new Set(names);
}

function keepsItsClaims(members: readonly Claimant[], look: () => Seen): void {
  const itWith = (stopped: ReadonlySet<ProbeName>, title: string, body: (stopped: ReadonlySet<ProbeName>) => void) => {
    if (stopped.size === 0) return;
    it(title, () => body(stopped));
  };

  itWith(
    claimed(members.filter(({ claims }) => claims.boot)),
    'stops what it claims before there is a tunnel',
    (stopped) => {
      assert.deepEqual(
        look().boot.filter((probe) => stopped.has(probe)),
        [],
      );
    },
  );

  itWith(
    claimed(members.filter(({ family }) => family !== 'app')),
    'stops what it claims while the tunnel is up',
    (stopped) => {
      assert.deepEqual(
        look().steady.probes.filter((probe) => stopped.has(probe)),
        [],
      );
    },
  );

  itWith(
    claimed(members.filter(({ claims }) => claims.reconnect)),
    'stops what it claims, or who would send it, once the tunnel is lost',
    (stopped) => {
      const { outage } = look();
      const left = outage.probes.filter((probe) => stopped.has(probe));
      assert.ok(left.length === 0 || outage.bystanderEnded, `on the uplink: ${left.join(', ')}`);
    },
  );
}

function behaves({ family }: Claimant, look: () => Seen): void {
  it('lets the tunnel carry traffic, before and after an outage', () => {
    const { steady, recovered } = look();
    assert.ok(steady.tunnel4);
    assert.ok(steady.resolves, 'the resolver that the tunnel brings is not heard');
    assert.ok(recovered);
  });

  it('says in order what it noticed and did', () => {
    const { instants, outage } = look();
    const times = instants.map(({ atNs }) => atNs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    const killed = instants.some(({ stage, detail }) => stage === 'acting' && detail.startsWith('SIGKILL'));
    if (killed && family === 'app') assert.ok(outage.bystanderEnded);
  });

  it('leaves the host as it found it', () => {
    assert.deepEqual(look().left, { missing: [], added: [] });
  });
}
