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
  steady: z.object({ tunnel4: z.boolean(), tunnel6: z.boolean(), probes }),
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

/** The probes a switch says it stops. Traffic tied to the physical device is what rules and namespaces are about. */
function claimed({ claims, family }: Pick<KillSwitch, 'claims' | 'family'>): readonly ProbeName[] {
  const bound = family === 'firewall' || family === 'namespace';
  return [
    ...(claims.v4 ? (['v4'] as const) : []),
    ...(claims.v6 ? (['v6'] as const) : []),
    ...(claims.v4 && bound ? (['bound4'] as const) : []),
    ...(claims.v6 && bound ? (['bound6'] as const) : []),
    ...(claims.dns ? (['dns'] as const) : []),
    ...(claims.lan ? (['lan', 'multicast'] as const) : []),
  ];
}

/** As scenarios may name it, with parameters where the default would make the suite wait. */
const REFERENCES: readonly string[] = [
  ...killSwitches.map(({ id }) => (/^app-/.test(id) ? `${id}(poll=100ms)` : id)),
  'app-kill(notice=netlink)',
  'app-block(poll=100ms)+owner-match',
];

describe('kill switches in the lab', function () {
  this.timeout(120_000);

  for (const reference of REFERENCES) {
    const planned = killSwitchByReference(reference);

    describe(reference, () => {
      let seen: Seen;
      before(async () => void (seen = await battery(reference)));

      it('lets the tunnel carry traffic, before and after an outage', () => {
        assert.ok(seen.steady.tunnel4);
        assert.ok(seen.recovered);
      });

      if (planned.claims.boot) {
        it('stops what it claims before there is a tunnel', function () {
          if (seen.binding !== 'none') this.skip();
          assert.deepEqual(
            seen.boot.filter((probe) => claimed(planned).includes(probe)),
            [],
          );
        });
      }

      if (planned.family !== 'app') {
        it('stops what it claims while the tunnel is up', function () {
          if (seen.binding !== 'none') this.skip();
          assert.deepEqual(
            seen.steady.probes.filter((probe) => claimed(planned).includes(probe)),
            [],
          );
        });
      }

      if (planned.claims.reconnect) {
        it('stops what it claims, or who would send it, once the tunnel is lost', function () {
          if (seen.binding !== 'none') this.skip();
          const left = seen.outage.probes.filter((probe) => claimed(planned).includes(probe));
          assert.ok(left.length === 0 || seen.outage.bystanderEnded, `on the uplink: ${left.join(', ')}`);
        });
      }

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
