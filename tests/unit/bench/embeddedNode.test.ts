import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { BenchContext } from '../../../bench/support/benchmark.ts';
import { startWorker } from '../../../bench/support/child.ts';
import type { Drained, DrainJob } from '../../../bench/support/drain.ts';
import { startEmbeddedNode } from '../../../bench/support/embeddedNode.ts';
import { SALES } from '../../../bench/support/generate.ts';
import { residentMbOf } from '../../../bench/support/memory.ts';
import type { Filled, NodeFillJob } from '../../../bench/support/nodeFill.ts';
import type { NodeReadsJob, ReadFigures } from '../../../bench/support/nodeReads.ts';
import { scopedResources } from '../../../bench/support/resources.ts';

test('the command runs in a process of its own until it is closed', async () => {
  const { context, folder } = await bench();
  const { pid, close } = await startEmbeddedNode(context, join(folder, 'node'));
  expect(residentMbOf(pid)).toBeGreaterThan(0);
  await close();
  expect(residentMbOf(pid)).toBeUndefined();
});

test('a command that cannot start fails', async () => {
  const { context, folder } = await bench();
  await writeFile(join(folder, 'file'), '');
  await expect(startEmbeddedNode(context, join(folder, 'file'))).rejects.toThrow('before it listened');
});

test('of a store with something in it only what was filled in is read', async () => {
  const { context, folder, use } = await bench();
  const { url: eventStoreUrl } = await startEmbeddedNode(context, join(folder, 'node'));
  const filler = use(startWorker<NodeFillJob, Filled>('./nodeFill.ts'));
  const fill = (workspaceId: string, events: number) =>
    filler.ask({ eventStoreUrl, shape: { seed: 1, workspaceId, ...SALES, events } });

  const before = await fill('before', 300);
  const filled = await fill('after', 200);
  expect(filled.from?.commit).toBe(before.position);
  expect(filled.events).toBeGreaterThanOrEqual(200);
  expect(filled.position - before.position).toBe(BigInt(filled.events)); // positions count without gaps here
  expect(new Set(filled.streams).size).toBe(filled.streams.length);
  expect(filled.streams.filter(stream => !stream.includes('-after.'))).toEqual([]);

  const reader = use(startWorker<NodeReadsJob, ReadFigures>('./nodeReads.ts'));
  const { all_events_per_s, stream_reads_per_s } = await reader.ask({ eventStoreUrl, ...filled });
  expect([all_events_per_s, stream_reads_per_s].every(figure => figure > 0)).toBe(true);
  const tooMany = { ...filled, events: filled.events + 2 }; // one more is the last one before it
  await expect(reader.ask({ eventStoreUrl, ...tooMany })).rejects.toThrow('were read');

  const drainer = use(startWorker<DrainJob, Drained>('./drain.ts'));
  const { events } = await drainer.ask({ eventStoreUrl, from: filled.from, upTo: filled.position });
  expect(events).toBe(filled.events);
});

/** What a benchmark is given, as far as it is used here; all is put away when the test has finished. */
async function bench() {
  const folder = await mkdtemp(join(tmpdir(), 'relata-bench-node-'));
  const { use, closeAll } = scopedResources();
  onTestFinished(async () => {
    await closeAll();
    await rm(folder, { recursive: true });
  });
  const context: BenchContext = {
    use,
    folder,
    shared: folder,
    quick: true,
    logs: undefined,
    profiles: undefined,
    say: () => undefined,
  };
  return { context, folder, use };
}
