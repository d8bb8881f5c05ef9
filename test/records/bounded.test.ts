import assert from 'node:assert/strict';
import { manifestSchema } from '../../src/records/manifest.ts';
import { timelineEventSchema } from '../../src/records/timeline.ts';
import { trialRecordSchema } from '../../src/records/trial-record.ts';
import { isOneLine, oneLine, severalLines } from '../../src/records/plain-text.ts';
import { recordOf } from '../kit/invented-trial.ts';
import { manifestOf } from '../kit/summary-rows.ts';

const ESCAPE = '\u001b[31mred\u202e\u0085';

describe('the bounds of a record', () => {
  const record = recordOf({});
  const accepted = (change: object): boolean => trialRecordSchema.safeParse({ ...record, ...change }).success;

  it('refuse a trial id that is a path, hidden, empty or longer than a file name', () => {
    for (const trial of ['../../etc', 'a/b', '..', '.', '', '.hidden', '-rf', 'a\0b', 'a\nb', 'x'.repeat(256)]) {
      assert.equal(accepted({ trial }), false, JSON.stringify(trial));
    }
    for (const trial of ['t00001', '0002-webtorrent-app-kill-notice-netlink-route-lost.r1']) {
      assert.ok(accepted({ trial }));
    }
  });

  it('refuse a capture that is somewhere else', () => {
    const [capture] = record.captures;
    assert.equal(accepted({ captures: [{ ...capture, file: '../other/uplink.pcapng' }] }), false);
  });

  it('refuse numbers that no trial can have', () => {
    for (const atNs of [1e300, -1e17, 2 ** 63, 0.5]) {
      assert.equal(accepted({ instants: { ...record.instants, endNs: atNs } }), false, String(atNs));
      assert.equal(timelineEventSchema.safeParse({ kind: 'note', atNs, text: '' }).success, false, String(atNs));
    }
    for (const counted of [-1, 2 ** 53, 1e308, 1.5]) {
      assert.equal(accepted({ counters: { clear: counted, tunnel: 0, housekeeping: 0 } }), false, String(counted));
    }
    for (const originUnixNs of ['', '-1', '1e9', '9'.repeat(400)]) assert.equal(accepted({ originUnixNs }), false);
    const manifest = manifestOf('none');
    for (const startedAt of ['now', '', '+275760-09-13T00:00:00Z', '0001-01-01T00:00:00Z']) {
      assert.equal(manifestSchema.safeParse({ ...manifest, startedAt }).success, false, startedAt);
    }
  });

  it('refuse a bracket that ends before it begins', () => {
    const span = { beforeNs: 2, afterNs: 1 };
    assert.equal(accepted({ instants: { ...record.instants, fault: span } }), false);
    assert.equal(timelineEventSchema.safeParse({ kind: 'tunnel', atNs: 1, state: 'up', span }).success, false);
    const sound = { kind: 'tunnel', atNs: 1, state: 'up', span: { beforeNs: 1, afterNs: 1 } };
    assert.ok(timelineEventSchema.safeParse(sound).success);
  });

  it('refuse instants in another order than a trial comes to them, since they leave no outage to look at', () => {
    const [fault, restored] = [record.instants.fault!, record.instants.restored!];
    const before = (span: typeof fault, ns: number) => ({ beforeNs: span.beforeNs - ns, afterNs: span.beforeNs - ns });
    for (const change of [
      { restored: before(fault, 1) },
      { restored: { ...restored, beforeNs: fault.beforeNs, afterNs: fault.beforeNs } },
      { endNs: record.instants.steadyNs! - 1 },
      { endNs: restored.beforeNs },
      { endNs: -6e14 },
      { restored: null, endNs: fault.beforeNs - 1 },
      { steadyNs: fault.beforeNs + 1 },
    ]) {
      assert.equal(accepted({ instants: { ...record.instants, ...change } }), false, JSON.stringify(change));
    }
    for (const change of [{ restored: null, endNs: null }, { fault: null, restored: null }, { armedNs: null }]) {
      assert.ok(accepted({ instants: { ...record.instants, ...change } }), JSON.stringify(change));
    }
  });

  it('refuse more versions than a lab has programs', () => {
    const versions = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`v${at}`, '1']));
    assert.equal(manifestSchema.safeParse({ ...manifestOf('none'), versions }).success, false);
  });

  it('refuse an address that is none, since frames are held against it', () => {
    assert.equal(accepted({ identity: { ...record.identity, lan4: 'localhost' } }), false);
  });

  it('refuse control characters in a name, and write them out in what a program said', () => {
    assert.equal(accepted({ cell: { ...record.cell, client: `c${ESCAPE}` } }), false);
    const { clientLogTail, clientVersion } = trialRecordSchema.parse({
      ...record,
      clientVersion: ESCAPE,
      clientLogTail: [`a\tb\r\n${ESCAPE}`],
    });
    assert.equal(clientVersion, '\\u{1b}[31mred\\u{202e}\\u{85}');
    assert.deepEqual(clientLogTail, ['a\tb\n\\u{1b}[31mred\\u{202e}\\u{85}']);
  });
});

describe('plain text', () => {
  it('leaves letters of every script as they are', () => {
    for (const text of ['naïve', 'Приложение', '暗号', 'صفحة', '😀', 'a  b']) {
      assert.ok(isOneLine(text));
      assert.equal(oneLine(text), text);
    }
  });

  it('writes out everything that a terminal or XML could take for something else', () => {
    const hostile = [
      '\0',
      '\b',
      '\u001b',
      '\u007f',
      '\u009b',
      '\u202e',
      '\u2066',
      '\ufeff',
      '\u2028',
      '\ud800',
      '\uffff',
    ];
    for (const character of hostile) {
      assert.ok(isOneLine(oneLine(`a${character}b`)), character.codePointAt(0)!.toString(16));
      assert.equal(severalLines(`a${character}b`), oneLine(`a${character}b`));
    }
    assert.equal(oneLine('a\nb'), 'a\\u{a}b');
    assert.equal(severalLines('a\n\tb'), 'a\n\tb');
  });
});
