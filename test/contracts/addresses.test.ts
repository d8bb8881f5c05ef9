/** The lab's address plan is one table: nothing else in src/ spells an address of the lab. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { BlockList, isIPv6 } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import {
  NETWORK,
  NOBODY,
  OUTSIDE_CANARY,
  STRANGER,
  labAddresses,
  swarmAddresses,
} from '../../src/contracts/addresses.ts';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const TABLE = 'contracts/addresses.ts';

/** How an address of the lab begins (2001:db8::1, the example of messages, is nobody's), in text with or without escaped dots, or as a list of numbers. */
const BEGINNINGS = [/\b(?:192\.168\.1|198\.1[89]|198\.51\.100|203\.0\.113|10\.8\.0)\./, /\b2001:0?db8:(?!:)/i];
const NUMBERS = /\b(?:192, ?168, ?1|198, ?1[89]|198, ?51, ?100|203, ?0, ?113|10, ?8, ?0)\b/;

/** What the program itself says, so without comments: its texts, patterns and lists of numbers. */
function literals(file: string): string[] {
  const text = readFileSync(path.join(SRC, file), 'utf8');
  if (!file.endsWith('.ts')) return [text];
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node) ||
      ts.isRegularExpressionLiteral(node) ||
      ts.isArrayLiteralExpression(node)
    ) {
      found.push(node.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

const spellsAddress = (literal: string): boolean =>
  BEGINNINGS.some((beginning) => beginning.test(literal.replaceAll('\\.', '.'))) || NUMBERS.test(literal);

function networks(of: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of of) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}

const within = (list: BlockList, address: string): boolean => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

describe('the address plan', () => {
  it('is the only place of src/ where an address of the lab is written down', () => {
    const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(SRC, path.join(entry.parentPath, entry.name)));
    assert.ok(literals(TABLE).some(spellsAddress));
    const astray = files
      .filter((file) => file !== TABLE)
      .flatMap((file) =>
        literals(file)
          .filter(spellsAddress)
          .map((literal) => `${file}: ${literal}`),
      );
    assert.deepEqual(astray, []);
  });

  it('gives no address twice, and each in a network of the lab', () => {
    const all = labAddresses();
    assert.equal(new Set(all).size, all.length);
    const lab = networks(Object.values(NETWORK).flatMap(({ v4, v6 }) => [v4, v6]));
    assert.deepEqual(
      all.filter((address) => !within(lab, address)),
      [],
    );
  });

  it('gives every member of the swarm an address in the swarm’s network', () => {
    const swarm = networks([NETWORK.swarm.v4, NETWORK.swarm.v6]);
    assert.deepEqual(
      swarmAddresses().filter((address) => !within(swarm, address)),
      [],
    );
  });

  it('gives nobody the addresses that nobody has', () => {
    const all = new Set(labAddresses());
    for (const address of [STRANGER, NOBODY, OUTSIDE_CANARY].flatMap((each) => Object.values(each)))
      assert.ok(!all.has(address), address);
  });
});
