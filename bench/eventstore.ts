/**
 * The embedded node, started by its command, beside a real EventStoreDB: durable appends, reads, subscriptions, memory
 * and starting. With RELATA_EVENTSTORE_URL the floors are measured of the server there, in turns with the node; without
 * it they are figures that are known of one. That server should run without projections, as the node does and the app
 * needs none: `$all` would have their links in it too.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchContext, benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import { startEmbeddedNode } from './support/embeddedNode.ts';
import { SALES } from './support/generate.ts';
import { folderWith, logOf } from './support/logs.ts';
import { peakMbOf, residentMbOf } from './support/memory.ts';
import type { Filled, NodeFillJob } from './support/nodeFill.ts';
import { type LoadTimes, loadsOn } from './support/nodeLoads.ts';
import { besideServer, PROMISED, REAL_SERVER } from './support/realServer.ts';
import { alternate, median } from './support/rounds.ts';

type Size = LoadTimes & {
  readonly rounds: number;
  /** How many events are read, and how many a start finds. */
  readonly events: number;
  readonly startEvents: number;
  readonly idleMs: number;
};

const FULL: Size = {
  rounds: 3,
  warmUpMs: 4_000,
  milliseconds: 4_000,
  events: 200_000,
  startEvents: 1_000_000,
  idleMs: 10_000,
};
const QUICK: Size = {
  rounds: 1,
  warmUpMs: 300,
  milliseconds: 300,
  events: 4_000,
  startEvents: 4_000,
  idleMs: 500,
};

export const eventstore = benchmark({
  name: 'eventstore',
  summary: 'the embedded node beside a real server: appends, reads, subscriptions, memory, starting',
  run: async context => {
    const size = context.quick ? QUICK : FULL;
    const { floor, value } = await underLoad(context, size);
    const started = await starts(context, size);
    return besideServer({ ...value, ...started }, { ...floor, ...PROMISED });
  },
});

/** The same loads on both, each with the same events in it. The node's memory is looked at after all of them. */
async function underLoad(context: BenchContext, size: Size) {
  const node = await startEmbeddedNode(context, join(context.folder, 'loaded'));
  const nodeHas = await fill(context, node.url, size.events);
  const serverUrl = process.env.RELATA_EVENTSTORE_URL;
  if (!serverUrl) context.say('RELATA_EVENTSTORE_URL names no server: floors are figures known of one');
  const serverHas = serverUrl ? await fill(context, serverUrl, size.events) : undefined;

  const onServer = async () =>
    serverUrl && serverHas ? loadsOn(context, serverUrl, serverHas, size) : REAL_SERVER.loads;
  const onNode = () => loadsOn(context, node.url, nodeHas, size);
  const { floor, value } = await alternate(size.rounds, onServer, onNode);
  const peak = peakMbOf(node.pid) ?? Number.NaN;
  await node.close();
  return { floor: { ...floor, ...REAL_SERVER.memory }, value: { ...value, loaded_peak_mb: peak } };
}

async function fill(context: BenchContext, eventStoreUrl: string, events: number): Promise<Filled> {
  const filler = context.use(startWorker<NodeFillJob, Filled>('./nodeFill.ts'));
  // Streams of a workspace of their own: a server may have been measured before.
  const shape = { seed: 1, workspaceId: randomUUID(), ...SALES, events };
  const filled = await filler.ask({ eventStoreUrl, shape });
  await filler.close();
  return filled;
}

/** Starts on a long log. Only the node's own: another server's process is out of reach. */
async function starts(context: BenchContext, { rounds, startEvents, idleMs }: Size) {
  const log = await logOf(context, { events: startEvents });
  const dir = join(await folderWith(context, log, 'long'), 'eventstore');
  const all: { readonly start: number; readonly resident: number; readonly peak: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const node = await startEmbeddedNode(context, dir);
    await delay(idleMs);
    const resident = residentMbOf(node.pid) ?? Number.NaN;
    all.push({ start: node.startedInMs, resident, peak: peakMbOf(node.pid) ?? Number.NaN });
    await node.close();
    context.say(`started: ${JSON.stringify(all.at(-1))}`);
  }
  return {
    start_ms: median(all.map(({ start }) => start)),
    resident_mb: median(all.map(({ resident }) => resident)),
    peak_mb: median(all.map(({ peak }) => peak)),
  };
}
