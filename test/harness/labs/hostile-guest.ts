/**
 * A hostile guest: what a program on a lab's host, as the unprivileged user or as the host's root, must not be able to do.
 * Nothing tried here would do harm if it worked: files are the test's own, settings and the clock are given the value
 * that they have, and modules have names that no module has.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Host } from '../../../src/contracts/host.ts';
import type { Lab } from '../../../src/contracts/lab.ts';
import { inProject } from '../../../src/contracts/places.ts';
import type { Check } from './compliance.ts';

const SECRET = 'not for guests';
const AS = { nobody: true, root: false } as const;

/** What the words of a shell print on the host, errors left out; `words` are its positional parameters. */
async function said(host: Host, unprivileged: boolean, script: string, ...words: string[]): Promise<string> {
  const process = await host.spawn(['sh', '-c', script, 'guest', ...words], { unprivileged });
  process.stderr.resume();
  return (await text(process.stdout)).trim();
}

/**
 * Whether a program of the unprivileged user can be on the host at all: a container whose host needs none has no
 * SETUID, and then nobody becomes that user.
 */
const canBe = async (host: Host, unprivileged: boolean): Promise<boolean> =>
  host.name === 'client' || (await said(host, unprivileged, 'echo there')) === 'there';

/** Runs a check on every host, as each user that can be there. */
async function everywhere(
  lab: Lab,
  check: (host: Host, unprivileged: boolean, who: string) => Promise<void>,
): Promise<void> {
  for (const host of Object.values(lab.hosts))
    for (const [user, unprivileged] of Object.entries(AS))
      if (await canBe(host, unprivileged)) await check(host, unprivileged, `${user} on ${host.name}`);
}

/** Tells what each system call gives a guest who may not: EPERM, before it looks at what it was asked. */
const SYSTEM_CALLS = `
  const koffi = (await import(process.argv[1])).default;
  const libc = koffi.load(null);
  const removeModule = process.arch === 'x64' ? 176 : 106;
  const call = libc.func('long syscall(long, const char *, long)');
  const setTime = libc.func('int settimeofday(const int64_t *, const void *)');
  const reboot = process.arch === 'x64' ? 169 : 142;
  const tried = (result) => (result === 0 ? 'done' : koffi.errno());
  const now = Date.now();
  const time = [Math.floor(now / 1000), (now % 1000) * 1000];
  const module = tried(call(removeModule, 'ksl_no_such_module', 0));
  // Without the numbers that it wants, a reboot that is allowed is invalid.
  const power = tried(call(reboot, 'no', 0));
  console.log(JSON.stringify({ module, power, clock: tried(setTime(time, null)) }));
`;
const EPERM = 1;
/** What a kernel without modules says. */
const ENOSYS = 38;

export const HOSTILE_CHECKS: readonly Check[] = [
  {
    name: 'hides from a hostile guest what others keep in temporary places, homes and results',
    check: async (lab) => {
      const results = inProject('results');
      for (const place of ['/tmp', '/var/tmp', '/dev/shm', '/root', results].filter((each) => existsSync(each))) {
        const folder = await mkdtemp(path.join(place, 'ksl-sentinel-'));
        const file = path.join(folder, 'sentinel');
        try {
          await writeFile(file, SECRET);
          await chmod(folder, 0o777);
          await chmod(file, 0o666);
          await everywhere(lab, async (host, unprivileged, who) => {
            assert.equal(await said(host, unprivileged, 'cat "$1"; echo changed > "$1"', file), '', `${who}: ${file}`);
          });
          assert.equal(await readFile(file, 'utf8'), SECRET);
          assert.deepEqual(await readdir(folder), ['sentinel']);
        } finally {
          await rm(folder, { recursive: true });
        }
      }
    },
  },
  {
    name: 'lets a hostile guest write nowhere in the system or the project',
    check: async (lab) => {
      const places = [
        '/',
        '/usr',
        '/usr/bin',
        '/var/lib',
        '/opt',
        inProject(),
        inProject('build'),
        inProject('results'),
      ];
      const script =
        'for place; do touch "$place/ksl-hostile" && echo "$place"; rm -f "$place/ksl-hostile"; done; true';
      // What the lab's root may write over: what covers the results, and a container's layer, which goes with it.
      const { backend } = lab.describe();
      const own = (host: Host): readonly string[] =>
        backend === 'docker' && host.name === 'client'
          ? places.filter((place) => place !== inProject('build'))
          : [inProject('results')];
      await everywhere(lab, async (host, unprivileged, who) => {
        const written = (await said(host, unprivileged, script, ...places)).split('\n').filter(Boolean);
        const allowed = unprivileged ? [] : own(host);
        assert.deepEqual(
          written.filter((place) => !allowed.includes(place)),
          [],
          who,
        );
      });
      for (const place of places) assert.ok(!existsSync(path.join(place, 'ksl-hostile')), place);
    },
  },
  {
    name: 'lets a hostile guest change no setting of the machine’s, and not its power',
    check: async (lab) => {
      const script = `
        for file in /proc/sys/kernel/printk_ratelimit /proc/sys/vm/swappiness /proc/sys/fs/lease-break-time; do
          value=$(cat "$file") && echo "$value" > "$file" && echo "$file"
        done
        for file in /sys/power/state /sys/power/disk /sys/kernel/mm/ksm/run; do
          [ -e "$file" ] && (: >> "$file") && echo "$file"
        done
        true`;
      await everywhere(lab, async (host, unprivileged, who) => {
        assert.equal(await said(host, unprivileged, script), '', who);
      });
    },
  },
  {
    name: 'refuses a hostile guest modules, the clock, power and raw devices',
    check: async (lab) => {
      const koffi = import.meta.resolve('koffi');
      const denied = [EPERM, ENOSYS].map((module) => JSON.stringify({ module, power: EPERM, clock: EPERM }));
      await everywhere(lab, async (host, unprivileged, who) => {
        const argv = [process.execPath, '--input-type=module', '--eval', SYSTEM_CALLS, koffi] as const;
        const told = (await text((await host.spawn(argv, { unprivileged })).stdout)).trim();
        assert.ok(denied.includes(told), `${who}: ${told}`);
        const device = `${host.folder}/disk`;
        assert.equal(await said(host, unprivileged, 'mknod "$1" b 7 0 && echo made', device), '', who);
        assert.equal(await said(host, unprivileged, 'find /dev -type b; ls /run/docker.sock /dev/mem'), '', who);
      });
    },
  },
  {
    name: 'lets an unprivileged guest mount nothing, and look into or end no process but its own',
    check: async (lab) => {
      const script = `
        mount -t tmpfs tmpfs /tmp && echo mounted
        for process in /proc/[0-9]*; do
          [ "$(stat --format=%u "$process")" = 65534 ] && continue
          kill -0 "\${process#/proc/}" && echo "reached $process"
          for secret in environ maps; do [ "$(head -c 1 "$process/$secret" | wc -c)" = 0 ] || echo "read $process/$secret"; done
          for place in fd root/ cwd/; do ls "$process/$place" >/dev/null && echo "listed $process/$place"; done
        done`;
      for (const host of Object.values(lab.hosts)) {
        if (!(await canBe(host, true))) continue;
        assert.equal(await said(host, true, script), '', host.name);
        if (lab.describe().backend !== 'netns') continue;
        const users = await said(host, true, 'stat --format=%u /proc/[0-9]*');
        assert.deepEqual([...new Set(users.split('\n'))], ['65534'], host.name);
      }
    },
  },
  {
    name: 'shows no program on the client’s host the folders of other hosts, where the captures are',
    check: async ({ hosts: { client } }) => {
      for (const unprivileged of Object.values(AS)) {
        assert.equal(await said(client, unprivileged, 'ls -A "$1"', path.dirname(client.folder)), 'client');
      }
    },
  },
  {
    name: 'bounds a torrent client: nothing to gain, and so many processes and so much memory',
    check: async ({ hosts: { client } }) => {
      const status = await said(client, true, 'cat /proc/self/status');
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^CapPrm:\t0+$/m);
      assert.match(status, /^CapInh:\t0+$/m);
      const limits = await said(client, true, 'cat /proc/self/limits');
      assert.match(limits, /^Max processes +\d+ /m);
      assert.match(limits, /^Max data size +\d+ /m);
      assert.deepEqual((await said(client, true, 'ls /proc/self/fd')).split('\n'), ['0', '1', '2', '3']);
    },
  },
];

/** The kernel from which files of a tmpfs can be given to users of a lab's own. */
const OLDEST = { major: 6, minor: 3 };

/** What root of a lab in namespaces must not be able to do, though it is root of all that the lab is made of. */
export const OWN_USERS_CHECKS: readonly Check[] = [
  {
    name: 'makes root of a lab nobody on the machine',
    check: async (lab) => {
      const [major = 0, minor = 0] = os.release().split('.').map(Number);
      if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) return;
      assert.equal(lab.describe().users, 'own');
      const script = `
        for place in / /usr /proc/sys /sys; do
          mount -o remount,bind,rw "$place"; mount -o remount,rw "$place"
        done
        for place in /tmp /root /home /var/log /proc/sys; do umount "$place" && echo "uncovered $place"; done
        mount --bind / /mnt && touch /mnt/ksl-hostile && echo "wrote /"
        rm -f /mnt/ksl-hostile; umount /mnt
        for kind in proc devtmpfs debugfs tracefs securityfs bpf; do
          mount -t $kind $kind /mnt && echo "mounted $kind" && umount /mnt
        done
        for place in / /usr /usr/bin /var/lib "$1"; do
          touch "$place/ksl-hostile" && echo "wrote $place"; rm -f "$place/ksl-hostile"
        done
        for file in /proc/sysrq-trigger /proc/sys/kernel/printk_ratelimit /proc/sys/kernel/core_pattern \
          /proc/sys/vm/swappiness /proc/irq/default_smp_affinity /proc/irq/*/smp_affinity /sys/power/state \
          /sys/kernel/uevent_helper /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/devices.allow \
          /sys/module/*/parameters/*; do
          [ -e "$file" ] && (: >> "$file") && echo "opened $file"
        done
        for file in /proc/kcore /proc/kmsg /dev/kmsg /dev/mem /etc/shadow /etc/gshadow; do
          [ "$(head -c 1 "$file" | wc -c)" = 0 ] || echo "read $file"
        done
        chown 0:0 "$1/package.json" && echo chowned
        mknod "$2/disk" b 7 0 && echo "made a device"
        for process in 1 "$3"; do
          kill -0 "$process" && echo "reached $process"
          for secret in environ maps; do [ "$(head -c 1 "/proc/$process/$secret" | wc -c)" = 0 ] || echo "read $secret"; done
          nsenter --target "$process" --mount true && echo "entered $process"
          ls "/proc/$process/root/" >/dev/null && echo "listed $process"
        done
        dmesg >/dev/null && echo "read the log"
        chrt --fifo 1 true && echo "real time"
        date --set="$(date --iso-8601=ns)" >/dev/null && echo "set the clock"
        true`;
      for (const host of Object.values(lab.hosts)) {
        const told = await said(host, false, script, inProject(), host.folder, String(process.pid));
        assert.equal(told, '', host.name);
      }
      for (const place of ['/', '/usr', '/usr/bin', inProject()])
        assert.ok(!existsSync(path.join(place, 'ksl-hostile')));
    },
  },
  {
    name: 'is led nowhere by links that root of a lab puts where the harness writes',
    check: async (lab) => {
      if (lab.describe().users === 'machine') return;
      const folder = await mkdtemp(path.join(os.tmpdir(), 'ksl-victim-'));
      const victim = path.join(folder, 'victim');
      try {
        await writeFile(victim, SECRET);
        for (const host of Object.values(lab.hosts)) {
          const planted = path.join(host.folder, 'planted');
          await host.run(['ln', '-s', victim, planted]);
          await assert.rejects(writeFile(planted, 'led'), { code: 'ELOOP' });
          await assert.rejects(readFile(planted), { code: 'ELOOP' });
          await host.run(['rm', planted]);
        }
        assert.equal(await readFile(victim, 'utf8'), SECRET);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  },
];

/** Where an engine's socket is, by custom and for these tests. */
const SOCKETS = ['/run/docker.sock', '/var/run/docker.sock', (process.env['DOCKER_HOST'] ?? '').replace('unix://', '')];

/** What a container withholds from a hostile guest beside that, also from its root. */
export const CONTAINED_CHECKS: readonly Check[] = [
  {
    name: 'lets no hostile guest in a container mount, mount anew or leave its namespaces',
    check: async (lab) => {
      const script = `
        mount -t tmpfs tmpfs /mnt && echo mounted
        mount --bind /proc /mnt && echo bound
        for place in /sys /proc/sys /proc/sysrq-trigger; do
          mount -o remount,rw "$place" && echo "$place"
          mount -o remount,bind,rw "$place" && echo "$place"
          umount "$place" && echo "no $place"
        done
        for kind in mount pid net ipc uts user; do unshare "--$kind" true && echo "own $kind"; done
        nsenter --target 1 --mount true && echo entered
        true`;
      await everywhere(lab, async (host, unprivileged, who) => {
        assert.equal(await said(host, unprivileged, script), '', who);
      });
    },
  },
  {
    name: 'opens to no hostile guest in a container what acts on the machine, or the engine’s socket',
    check: async (lab) => {
      const script = `
        for file in /proc/sysrq-trigger /proc/irq/*/smp_affinity /sys/fs/cgroup/*/release_agent \
          /sys/fs/cgroup/*/devices.allow /sys/kernel/uevent_helper /sys/module/*/parameters/*; do
          [ -e "$file" ] && (: >> "$file") && echo "$file"
        done
        for file in /proc/kcore /proc/kmsg /dev/kmsg /dev/mem /dev/port; do
          [ "$(head -c 1 "$file" | wc -c)" = 0 ] || echo "$file"
        done
        for socket; do [ -S "$socket" ] && echo "$socket"; done
        true`;
      await everywhere(lab, async (host, unprivileged, who) => {
        assert.equal(await said(host, unprivileged, script, ...SOCKETS.filter(Boolean)), '', who);
      });
    },
  },
  {
    name: 'shows each container its own host’s folder alone, of this lab and of all others, and no process of the machine’s',
    check: async (lab) => {
      const other = await mkdtemp(path.join(os.tmpdir(), 'killswitch-lab-0.0-'));
      const folders = [other, ...Object.values(lab.hosts).map(({ folder }) => folder)];
      const sentinels = folders.map((folder) => path.join(folder, 'sentinel'));
      try {
        await chmod(other, 0o777);
        for (const file of sentinels) await writeFile(file, SECRET, { mode: 0o666 });
        for (const file of sentinels) await chmod(file, 0o666);
        await everywhere(lab, async (host, unprivileged, who) => {
          const others = sentinels.filter((file) => path.dirname(file) !== host.folder);
          const script = 'for file; do cat "$file"; echo changed > "$file"; done; true';
          assert.equal(await said(host, unprivileged, script, ...others), '', who);
          assert.match(await said(host, unprivileged, "tr '\\0' ' ' < /proc/1/cmdline"), /docker\/agent\.js/, who);
        });
        for (const file of sentinels) assert.equal(await readFile(file, 'utf8'), SECRET, file);
      } finally {
        await rm(other, { recursive: true });
        for (const file of sentinels.slice(1)) await rm(file);
      }
    },
  },
];
