import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { headFilesAt, type WitnessedHead } from '../../../src/proof/headFiles.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'relata-heads-'));
});
afterEach(() => {
  chmodSync(dir, 0o700);
  rmSync(dir, { recursive: true });
});

const head = (size: number, workspaceId = 'main'): WitnessedHead => ({
  workspaceId,
  size,
  rootHash: 'ab'.repeat(32),
  position: String(size * 100),
  previousSize: size - 1,
  signedAt: '2017-03-31T12:00:00.000Z',
  keyId: 'cd'.repeat(16),
  signature: 'signature',
  publicKey: 'key',
});

describe.each([
  ['a folder', () => `${dir}/new/heads`],
  ['a folder that is there', () => dir],
  ['a file', () => `${dir}/new/heads.jsonl`],
])('%s', (_, place) => {
  test('holds what was written, by workspace and size', async () => {
    const files = await headFilesAt(place());
    expect([await files.read(), await files.last('main')]).toEqual([[], undefined]);
    for (const each of [head(9), head(7, 'other'), head(1000), head(12)]) await files.write(each);
    const again = await headFilesAt(place());
    expect((await again.read()).map(({ workspaceId, size }) => `${workspaceId} ${size}`).sort()).toEqual([
      'main 1000',
      'main 12',
      'main 9',
      'other 7',
    ]);
    expect(await again.last('main')).toEqual(head(1000));
    expect(await again.last('other')).toEqual(head(7, 'other'));
    expect(await again.last('third')).toBeUndefined();
  });
  test('is written as docs/proof.md says, byte by byte as it was stamped', async () => {
    const { bytes, beside } = await (await headFilesAt(place())).write(head(3));
    const path = place().endsWith('.jsonl') ? place() : join(place(), 'main', '000000000003.json');
    expect(readFileSync(path)).toEqual(bytes);
    expect(bytes.toString()).toBe(
      `${JSON.stringify({ format: 'relata tree head v1', ...JSON.parse(bytes.toString()) })}\n`,
    );
    expect(beside.startsWith(path.replace(/\.json$/, ''))).toBe(true);
  });
});

test('a folder is one file a head', async () => {
  const files = await headFilesAt(`${dir}/`);
  await files.write(head(5));
  await files.write(head(6));
  expect(readdirSync(join(dir, 'main')).sort()).toEqual(['000000000005.json', '000000000006.json']);
});

test('what is no head is refused, and where it lies is said', async () => {
  const path = join(dir, 'heads.jsonl');
  await (await headFilesAt(path)).write(head(5));
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"size":6}\n`);
  await expect((await headFilesAt(path)).read()).rejects.toThrow(`line 2 of ${path} is no tree head`);
});
