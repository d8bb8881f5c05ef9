/**
 * Every kill switch of the catalogue, in the real lab of either kind. What is expected of it is what its own documentation claims, and
 * nothing else: a claim it does not make is not looked at.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { KillSwitch } from '../../src/contracts/kill-switch.ts';
import { killSwitchByReference, killSwitches } from '../../src/killswitches/index.ts';
import { PLACES, runInLab, together, type Place } from '../kit/lab-places.ts';

const PROGRAM = fileURLToPath(new URL('./battery-program.ts', import.meta.url));

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
const unsupportedSchema = z.strictObject({ unsupported: z.string() });
type Unsupported = z.infer<typeof unsupportedSchema>;

async function battery(place: Place, reference: string): Promise<Seen | Unsupported> {
  const told: unknown = JSON.parse(await runInLab(place, PROGRAM, reference));
  return z.union([unsupportedSchema, seenSchema]).parse(told);
}

/** The probes that those switches say they stop. Traffic tied to the physical device is a matter of rules and namespaces. */
function claimed(members: readonly Pick<KillSwitch, 'claims' | 'family'>[]): ReadonlySet<ProbeName> {
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

/** Kill switches as scenarios may name them, with parameters where the default would make the suite wait. */
const REFERENCES: readonly string[] = [
  ...killSwitches.map(({ id }) => (id.startsWith('app-') ? `${id}(poll=100ms)` : id)),
  'app-kill(notice=netlink)',
  'app-block(poll=100ms)+owner-match',
];

/** What takes more rights than a container of the lab has (docs/docker.md). */
const NOT_IN_CONTAINERS: readonly string[] = ['netns', 'systemd-restrict'];

for (const { where, open } of PLACES)
  describe(`kill switches in a lab in ${where}`, function () {
    this.timeout(400_000);

    let batteries: ReadonlyMap<string, Promise<Seen | Unsupported>> = new Map();
    before(async function () {
      const place = await open(
        this,
        killSwitches.flatMap(({ needs }) => needs),
      );
      batteries = together(REFERENCES, (reference) => battery(place, reference));
    });

    for (const reference of REFERENCES) {
      const planned = killSwitchByReference(reference);
      const members = reference.split('+').map(killSwitchByReference);

      if (where === 'containers' && NOT_IN_CONTAINERS.includes(reference)) {
        it(`${reference} says that it cannot be had there`, async () => {
          const seen = await batteries.get(reference);
          assert.ok(seen !== undefined && 'unsupported' in seen);
          assert.match(seen.unsupported, /--lab netns/);
        });
        continue;
      }

      describe(reference, () => {
        let seen: Seen;
        before(async () => {
          const told = await batteries.get(reference);
          assert.ok(told !== undefined);
          if ('unsupported' in told) assert.fail(`unsupported: ${told.unsupported}`);
          seen = told;
        });

        /** A claim kept by the client's own binding is looked at with real clients, not with probes. */
        const itWith = (
          stopped: ReadonlySet<ProbeName>,
          title: string,
          body: (stopped: ReadonlySet<ProbeName>) => void,
        ): void => {
          if (stopped.size === 0) return;
          it(title, function () {
            if (seen.binding !== 'none') this.skip();
            body(stopped);
          });
        };

        it('lets the tunnel carry traffic, before and after an outage', () => {
          assert.ok(seen.steady.tunnel4);
          assert.ok(seen.steady.resolves, 'the resolver that the tunnel brings is not heard');
          assert.ok(seen.recovered);
        });

        itWith(
          claimed(members.filter(({ claims }) => claims.boot)),
          'stops what it claims before there is a tunnel',
          (stopped) => {
            assert.deepEqual(
              seen.boot.filter((probe) => stopped.has(probe)),
              [],
            );
          },
        );

        itWith(
          claimed(members.filter(({ family }) => family !== 'app')),
          'stops what it claims while the tunnel is up',
          (stopped) => {
            assert.deepEqual(
              seen.steady.probes.filter((probe) => stopped.has(probe)),
              [],
            );
          },
        );

        itWith(
          claimed(members.filter(({ claims }) => claims.reconnect)),
          'stops what it claims, or who would send it, once the tunnel is lost',
          (stopped) => {
            const left = seen.outage.probes.filter((probe) => stopped.has(probe));
            assert.ok(left.length === 0 || seen.outage.bystanderEnded, `on the uplink: ${left.join(', ')}`);
          },
        );

        it('says in order what it noticed and did', () => {
          const times = seen.instants.map(({ atNs }) => atNs);
          assert.deepEqual(
            times,
            [...times].sort((a, b) => a - b),
          );
          const killed = seen.instants.some(({ stage, detail }) => stage === 'acting' && detail.startsWith('SIGKILL'));
          if (killed && planned.family === 'app') assert.ok(seen.outage.bystanderEnded);
        });

        it('leaves the host as it found it', () => {
          assert.deepEqual(seen.left, { missing: [], added: [] });
        });
      });
    }
  });
