/** The write side put together: an event store client, the codec and dispatch, for any process that sends commands. */
import { type Authorise, createPipeline } from '../commands/dispatch.ts';
import { createStreams } from '../commands/streams.ts';
import { createUndo } from '../commands/undo/series.ts';
import { loadCatalog } from '../eventstore/catalog.ts';
import { connectEventStore, disconnect } from '../eventstore/client.ts';
import { createCodec } from '../eventstore/codec.ts';
import { keyedHash } from '../eventstore/hash.ts';
import { plainPersonalData } from '../eventstore/personalData.ts';
import type { AppMetrics } from './metrics/metrics.ts';

/** Until there are roles, whoever reaches the server, which listens on this machine alone, is its owner. */
const ownerMayAll: Authorise = () => undefined;

/**
 * @param masterKey 32 bytes; keyed hashes of inputs and reservations come from it, so it never changes.
 */
export async function openWriteSide(options: {
  readonly eventStoreUrl: string;
  readonly masterKey: Uint8Array;
  readonly metrics?: AppMetrics;
}) {
  const masterKey = Buffer.from(options.masterKey);
  const catalog = await loadCatalog();
  const client = connectEventStore(options.eventStoreUrl);
  const codec = createCodec(catalog, plainPersonalData);
  const { metrics } = options;
  const streams = createStreams({ client, codec, ...(metrics && { onAppend: metrics.appended }) });
  const parts = {
    catalog,
    codec,
    streams,
    authorise: ownerMayAll,
    hashInput: keyedHash(masterKey, 'command-input'),
    hashValue: keyedHash(masterKey, 'reservation'),
    now: () => new Date(),
    random: Math.random,
  };
  const pipeline = createPipeline(parts);
  return {
    catalog,
    client,
    codec,
    streams,
    dispatch: metrics ? metrics.countedDispatch(pipeline.dispatch, catalog) : pipeline.dispatch,
    undo: createUndo({ ...parts, ...pipeline }),
    close: () => disconnect(client),
  };
}

export type WriteSide = Awaited<ReturnType<typeof openWriteSide>>;
