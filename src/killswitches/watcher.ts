/**
 * The watcher of the application-level kill switches: a process that notices, by its own means, that the tunnel's
 * device is gone or down, then acts. It knows nothing of the harness or of the fault; what it did and when, by the
 * trial's clock, it prints as JSON lines.
 *
 * Run as `node build/killswitches/watcher.js '{"originUnixNs": ..., "device": "wg0", "notice": 2}'`.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { Clock } from '../harness/clock.ts';
import { eachLine } from '../harness/lines.ts';
import { watchJobSchema, watchOrderSchema, type WatchReport } from './watch.ts';

const STDOUT = 1;
const job = watchJobSchema.parse(JSON.parse(process.argv[2] ?? ''));
const clock = new Clock(BigInt(job.originUnixNs));

let targets: readonly number[] = [];
/** True once the tunnel has been seen up: before that there is nothing to lose. */
let sawTunnel = false;

eachLine(process.stdin, (line) => {
  targets = watchOrderSchema.parse(JSON.parse(line)).kill;
  report('ready', `will kill ${targets.join(', ')}`);
});
process.stdin.on('end', () => process.exit(0));

look('start');
if (job.notice === 'netlink') await followEvents();
else poll(job.notice);

function poll(everySeconds: number): void {
  setInterval(() => look('poll'), everySeconds * 1000);
  report('ready', `polls every ${everySeconds} s`);
}

/** Looks at the interfaces as VPNWatcher does: the tunnel counts when it is there, up and has an address. */
function look(how: string): void {
  if (networkInterfaces()[job.device] !== undefined) sawTunnel = true;
  else if (sawTunnel) act(how);
}

/** `ip -oneline monitor link` prints a line for each change: the link with its flags, or that it was deleted. */
async function followEvents(): Promise<void> {
  const monitor = spawn('ip', ['-oneline', 'monitor', 'link'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = new RegExp(`^(Deleted )?\\d+: ${job.device}(?:@\\w+)?: <([^>]*)>`);
  eachLine(monitor.stdout, (text) => {
    const [match, deleted, flags = ''] = line.exec(text) ?? [];
    if (match === undefined) return;
    if (deleted === undefined && flags.split(',').includes('UP')) sawTunnel = true;
    else if (sawTunnel) act(match);
  });
  await subscribed(monitor.pid ?? 0);
  report('ready', 'follows netlink events');
}

/** Resolves when the process has a netlink socket that receives events (a group mask in /proc/net/netlink). */
async function subscribed(pid: number): Promise<void> {
  const socket = new RegExp(`^\\S+ +\\d+ +${pid} +(?!00000000)[0-9a-f]{8} `, 'm');
  while (!socket.test(readFileSync('/proc/net/netlink', 'utf8'))) await setTimeout(1);
}

function act(how: string): void {
  report('noticed', how);
  sawTunnel = false;
  report('acting', `SIGKILL to ${targets.join(', ') || 'nobody'}`);
  for (const pid of targets) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended already, which is what was wanted.
    }
  }
  report('acted', 'signals sent');
}

function report(stage: WatchReport['stage'], detail: string): void {
  writeSync(STDOUT, JSON.stringify({ stage, atNs: clock.nowNs(), detail }) + '\n');
}
