/** Proof files, checked by Relata and by a checker that was written from docs/proof.md and knows nothing of Relata. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { HEAD_FORMAT, type WitnessedHead } from '../../../src/proof/headFiles.ts';
import { leafEventOf, workspaceOf } from '../../../src/proof/leaf.ts';
import { inclusionPath, rootOf } from '../../../src/proof/merkle.ts';
import { checkProof, type ProvenEvent, proofText } from '../../../src/proof/proofFile.ts';
import { leafOf, newSigner, signedLog, WORKSPACE } from '../../support/signedLog.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Head = { [name: string]: string };
type Proof = {
  readonly format: string;
  readonly head: Head;
  readonly events: readonly {
    readonly index: number;
    readonly event: Json;
    readonly path: readonly string[];
  }[];
};

/** docs/proof.md, “The format”, in the fewest words. */
function independently({ format, head, events }: Proof): boolean {
  const sha256 = (...parts: readonly Uint8Array[]) =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  const canonical = (value: Json): string => {
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
    const object = value as { readonly [key: string]: Json };
    const names = Object.keys(object).sort();
    return `{${names.map(name => `${JSON.stringify(name)}:${canonical(object[name]!)}`).join()}}`;
  };
  const raw = Buffer.from(head.publicKey!, 'base64');
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), // SPKI's way to say Ed25519
    format: 'der',
    type: 'spki',
  });
  const names = ['workspaceId', 'size', 'rootHash', 'position', 'previousSize', 'signedAt', 'keyId'];
  const message = ['relata tree head v1', ...names.map(name => head[name])].map(line => `${line}\n`).join('');
  const isSigned = verify(null, Buffer.from(message), key, Buffer.from(head.signature!, 'base64'));
  const isKey = head.keyId === sha256(raw).toString('hex').slice(0, 32);

  const isIn = ({ index, event, path }: Proof['events'][number]): boolean => {
    let [fn, sn, hash] = [
      index,
      Number(head.size) - 1,
      sha256(Buffer.from([0]), Buffer.from(canonical(event))),
    ];
    for (const sibling of path) {
      const p = Buffer.from(sibling, 'hex');
      if (sn === 0) return false;
      if (fn % 2 === 1 || fn === sn) {
        hash = sha256(Buffer.from([1]), p, hash);
        while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
      } else hash = sha256(Buffer.from([1]), hash, p);
      [fn, sn] = [fn >> 1, sn >> 1];
    }
    return index >= 0 && index < Number(head.size) && sn === 0 && hash.toString('hex') === head.rootHash;
  };
  return (
    format === 'relata proof v1' &&
    head.format === 'relata tree head v1' &&
    isSigned &&
    isKey &&
    events.length > 0 &&
    events.every(isIn)
  );
}

const log = signedLog();
let head: WitnessedHead;
let all: readonly ProvenEvent[];

beforeAll(async () => {
  await log.tell(9);
  head = await log.sign();
  const ours = log
    .events()
    .filter(event => workspaceOf(event) === WORKSPACE)
    .slice(0, head.size);
  const leaves = ours.map(leafOf);
  all = ours.map((event, index) => ({
    index,
    event: leafEventOf(event),
    path: inclusionPath(index, head.size, (from, to) => rootOf(leaves.slice(from, to))).map(hash =>
      hash.toString('hex'),
    ),
  }));
});

const fileOf = (events: readonly ProvenEvent[]): Proof =>
  JSON.parse(proofText({ format: HEAD_FORMAT, ...head }, events)) as Proof;
const bothSay = (proof: unknown) => [checkProof(proof).ok, independently(proof as Proof)];

test('every event, alone and with all others, is proven to both', () => {
  expect(all.length).toBeGreaterThan(15);
  expect(bothSay(fileOf(all))).toEqual([true, true]);
  for (const event of all) expect(bothSay(fileOf([event]))).toEqual([true, true]);
});

test('whatever is changed in a file, both see it', () => {
  /** Every value in it that is no object or list, by its path. */
  const leavesIn = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => leavesIn(item, [...path, key]))
      : [path];
  const withOther = (value: unknown, [key, ...rest]: readonly string[]): unknown => {
    if (key === undefined)
      return typeof value === 'number' ? value + 1 : typeof value === 'string' ? other(value) : 1;
    const copy = structuredClone(value) as Record<string, unknown>;
    copy[key] = withOther(copy[key], rest);
    return copy;
  };
  const other = (text: string) => (text.startsWith('0') ? `1${text.slice(1)}` : `0${text.slice(1)}`);

  const proof = fileOf(all.slice(2, 5));
  const paths = leavesIn(proof);
  expect(paths.length).toBeGreaterThan(60);
  for (const path of paths)
    expect([path, bothSaySafely(withOther(proof, path))]).toEqual([path, [false, false]]);
});

/** A key or a signature that is none makes the tiny checker throw, which is a no as well. */
function bothSaySafely(proof: unknown) {
  try {
    return bothSay(proof);
  } catch {
    return [checkProof(proof).ok, false];
  }
}

test('events swapped, paths swapped or left out', () => {
  const [a, b] = [all[3]!, all[4]!];
  expect(bothSay(fileOf([{ ...a, event: b.event }]))).toEqual([false, false]);
  expect(bothSay(fileOf([{ ...a, path: b.path }]))).toEqual([false, false]);
  expect(bothSay(fileOf([{ ...a, path: [] }]))).toEqual([false, false]);
  expect(bothSay(fileOf([{ ...a, index: head.size }]))).toEqual([false, false]);
});

test('the order of names in the file and of its events means nothing', () =>
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 3, 5, 7], { minLength: 1 }), chosen => {
      const { events, head: of, format } = fileOf(chosen.map(i => all[i]!));
      const reversed = Object.fromEntries(Object.entries(of).reverse());
      expect(bothSay({ events, head: reversed, format })).toEqual([true, true]);
    }),
  ));

describe('a witness', () => {
  const proof = () => fileOf(all.slice(0, 1));
  test('that holds the head', () =>
    expect(checkProof(proof(), [head])).toMatchObject({ ok: true, witnessed: true, problems: [] }));
  test('that holds another head of that size: the log was written anew', () =>
    expect(checkProof(proof(), [{ ...head, rootHash: '0'.repeat(64) }])).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('written anew')],
    }));
  test('that holds the same of another key', () =>
    expect(checkProof(proof(), [{ ...head, publicKey: newSigner().publicKey }]).ok).toBe(false));
  test('that holds heads of other sizes: it says which to take', () =>
    expect(checkProof(proof(), [{ ...head, size: head.size - 1 }]).problems).toEqual([
      expect.stringContaining(`--head ${head.size - 1}`),
    ]));
  test('that holds nothing of the workspace', () =>
    expect(checkProof(proof(), [{ ...head, workspaceId: 'other' }])).toMatchObject({
      ok: false,
      witnessed: false,
    }));
});

test.each([[undefined], [{}], [[]], [{ format: 'relata proof v2' }]])('%j is no proof', content =>
  expect(checkProof(content)).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('is no proof of the format')],
  }),
);
