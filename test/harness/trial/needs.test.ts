import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NETNS_NEEDS } from '../../../src/harness/labs/netns.ts';
import { TRIAL_NEEDS } from '../../../src/harness/trial/needs.ts';

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));

describe('the packages that every trial takes', () => {
  const packages = new Set(TRIAL_NEEDS.map((need) => need.package));

  it('are the lab’s and those of every instrument', () => {
    for (const each of [...NETNS_NEEDS.map((need) => need.package), 'tcpdump', 'nftables', 'socat', 'dnsmasq-base'])
      assert.ok(packages.has(each), each);
  });

  it('have every list that an instrument declares', () => {
    const joined = readFileSync(path.join(SRC, 'harness/trial/needs.ts'), 'utf8');
    const declared = readdirSync(path.join(SRC, 'probes'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...readFileSync(path.join(SRC, 'probes', file), 'utf8').matchAll(/export const (\w+_NEEDS)\b/g),
      ])
      .flatMap(([, name = '']) => name);
    assert.ok(declared.length >= 4);
    for (const name of declared) assert.match(joined, new RegExp(`\\.\\.\\.${name},`));
  });
});
