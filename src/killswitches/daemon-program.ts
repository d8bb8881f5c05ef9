/**
 * The process of a kill switch that has one: an application that watches the tunnel and reacts, or the daemon that puts
 * a firewall up. It notices by its own means, runs its commands itself, one after the other, and knows nothing of the
 * harness or of the fault; what it did and when, by the trial's clock, it prints.
 *
 * Run as `node build/killswitches/daemon-program.js '{"originUnixNs": ..., "device": "wg0", "notice": {"by": 2}}'`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { Clock } from '../contracts/clock.ts';
import { describeExit } from '../contracts/errors.ts';
import type { ExitStatus } from '../contracts/host.ts';
import { abortedBy, until } from '../contracts/until.ts';
import { eachLine } from '../programs/lines.ts';
import { orderSchema, serviceJobSchema, type Order, type Reaction, type Report } from './daemon-protocol.ts';
import type { Step } from './steps.ts';
import { NS_PER_SECOND } from '../records/units.ts';

const STDOUT = 1;
/** Milliseconds that «ip monitor» may take to listen: it takes two, a machine that does much else a hundred. */
const SUBSCRIBED_MS = 10_000;
const job = serviceJobSchema.parse(JSON.parse(process.argv[2] ?? ''));
const clock = new Clock(BigInt(job.originUnixNs));

let reaction: Reaction = { kill: [], onLoss: [], onReturn: [] };
/** What had come out of the tunnel when last something did, when that was, and what had gone in by then. */
let last = { rx: -1, atNs: 0, tx: 0 };
/** Unknown until the tunnel has been seen up: before that there is nothing to lose. */
let tunnel: 'unknown' | 'up' | 'lost' = 'unknown';

eachLine(process.stdin, (line) => carryOut(orderSchema.parse(JSON.parse(line))));
process.stdin.on('end', () => process.exit(0));

if (job.notice.by === 'netlink') await followEvents();
else if (job.notice.by !== 'nothing') poll(job.notice.by);
report('done', 'watching');

function carryOut(order: Order): void {
  const beganNs = clock.nowNs();
  try {
    if (order.order === 'run') order.steps.forEach(run);
    else if (order.order === 'react') reaction = order.reaction;
    else if (tunnel === 'unknown' && isUp()) tunnel = 'up';
    report('done', order.order, beganNs);
  } catch (error) {
    report('failed', error instanceof Error ? error.message : String(error), beganNs);
  }
}

function run({ argv: [program, ...args], input, saveTo, mayFail }: Step): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input: input ?? '', encoding: 'utf8' });
  if (status !== 0 && mayFail !== true) {
    throw new Error(
      `«${[program, ...args].join(' ')}» ended with ${status ?? 'a signal'}: ${error?.message ?? stderr.trim()}`,
    );
  }
  if (saveTo !== undefined) writeFileSync(saveTo.file, saveTo.first + stdout);
}

// ------------------------------------------------------------------------------------------------------------- noticing

function poll(everySeconds: number): void {
  const look = (): void => see(isUp() && !isStalled() ? 'up' : 'lost', 'poll');
  look();
  setInterval(look, everySeconds * 1000);
}

/** Whether the tunnel is up, as VPNWatcher looks at it: its interface is there, up and has an address. */
function isUp(): boolean {
  return networkInterfaces()[job.device] !== undefined;
}

/** Whether nothing has come out of the tunnel for the time allowed, although something went in. */
function isStalled(): boolean {
  const { stallSeconds } = job.notice;
  if (stallSeconds === undefined) return false;
  const count = (which: string): number =>
    Number(readFileSync(`/sys/class/net/${job.device}/statistics/${which}_bytes`, 'utf8'));
  const [rx, tx] = [count('rx'), count('tx')];
  if (rx !== last.rx) last = { rx, atNs: clock.nowNs(), tx };
  return tx > last.tx && clock.nowNs() - last.atNs > stallSeconds * NS_PER_SECOND;
}

/** `ip -oneline monitor link` prints a line for each change: the link with its flags, or that it was deleted. */
async function followEvents(): Promise<void> {
  const monitor = spawn('ip', ['-oneline', 'monitor', 'link'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = new RegExp(`^(Deleted )?\\d+: ${job.device}(?:@\\w+)?: <([^>]*)>`);
  eachLine(monitor.stdout, (text) => {
    const [match, deleted, flags = ''] = line.exec(text) ?? [];
    if (match !== undefined) see(deleted === undefined && flags.split(',').includes('UP') ? 'up' : 'lost', match);
  });
  const ended = new Promise<ExitStatus>((resolve) => {
    monitor.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const over = abortedBy(ended, (how) => new Error(`«ip monitor link» ended with ${describeExit(how)}`));
  await subscribed(monitor.pid ?? 0, over);
  if (isUp()) tunnel = 'up';
}

/**
 * Resolves when the process has a netlink socket that receives events (a group mask in /proc/net/netlink). Throws when it
 * has none for long, and the reason of `signal` when that process has ended.
 */
async function subscribed(pid: number, signal: AbortSignal): Promise<void> {
  const socket = new RegExp(`^\\S+ +\\d+ +${pid} +(?!00000000)[0-9a-f]{8} `, 'm');
  await until(() => socket.test(readFileSync('/proc/net/netlink', 'utf8')), {
    what: '«ip monitor link» to subscribe to events',
    everyMs: 1,
    patienceMs: SUBSCRIBED_MS,
    signal,
  });
}

// -------------------------------------------------------------------------------------------------------------- reacting

function see(now: 'up' | 'lost', how: string): void {
  const before = tunnel;
  if (now === before || (now === 'lost' && before === 'unknown')) return;
  tunnel = now;
  if (now === 'lost') {
    report('noticed', how);
    if (reaction.onLoss.length + reaction.kill.length > 0) act('acting', 'acted', reaction.onLoss, reaction.kill);
  } else if (before === 'lost' && reaction.onReturn.length > 0) {
    act('released', 'released', reaction.onReturn, []);
  }
}

function act(begins: Report['stage'], ends: Report['stage'], steps: readonly Step[], kill: readonly number[]): void {
  report(begins, kill.length > 0 ? `SIGKILL to ${kill.join(', ')}` : `${steps.length} commands`);
  for (const pid of kill) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process had ended already, which is what was wanted.
    }
  }
  try {
    steps.forEach(run);
    report(ends, 'done');
  } catch (error) {
    report(ends, `could not: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function report(stage: Report['stage'], detail: string, beganNs?: number): void {
  const said: Report = { stage, atNs: clock.nowNs(), detail, ...(beganNs === undefined ? {} : { beganNs }) };
  writeSync(STDOUT, JSON.stringify(said) + '\n');
}
