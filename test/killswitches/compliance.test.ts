/**
 * Every kill switch of the catalogue, in the real lab. What is expected of it is what its own documentation claims, and
 * nothing else: a claim it does not make is not looked at.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { KillSwitch } from '../../src/harness/contracts.ts';
import { enterNamespaces } from '../../src/harness/labs/netns.ts';
import { killSwitchByReference, killSwitches } from '../../src/killswitches/index.ts';

const REGISTER = fileURLToPath(new URL('../register.mjs', import.meta.url));
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

async function battery(reference: string): Promise<Seen> {
  const [program, ...args] = enterNamespaces([
    process.execPath,
    '--no-warnings',
    `--import=${REGISTER}`,
    PROGRAM,
    reference,
  ]);
  const { stdout } = await promisify(execFile)(program, args, { timeout: 90_000, killSignal: 'SIGKILL' });
  return seenSchema.parse(JSON.parse(stdout));
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

/** As scenarios may name it, with parameters where the default would make the suite wait. */
const REFERENCES: readonly string[] = [
  ...killSwitches.map(({ id }) => (id.startsWith('app-') ? `${id}(poll=100ms)` : id)),
  'app-kill(notice=netlink)',
  'app-block(poll=100ms)+owner-match',
];

/** Labs at once: each waits more than it works. */
const LABS = 3;

describe('kill switches in the lab', function () {
  this.timeout(300_000);

  const batteries = new Map<string, Promise<Seen>>();
  before(() => {
    const queue = [...REFERENCES];
    const turn = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const run = battery(next);
        settle.get(next)?.(run);
        await run.catch(() => undefined);
      }
    };
    const settle = new Map<string, (run: Promise<Seen>) => void>();
    for (const reference of REFERENCES) {
      batteries.set(reference, new Promise<Seen>((resolve) => void settle.set(reference, resolve)));
    }
    for (let lab = 0; lab < LABS; lab++) void turn();
  });

  for (const reference of REFERENCES) {
    const planned = killSwitchByReference(reference);
    const members = reference.split('+').map(killSwitchByReference);

    describe(reference, () => {
      let seen: Seen;
      before(async () => {
        const run = batteries.get(reference);
        assert.ok(run);
        seen = await run;
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
