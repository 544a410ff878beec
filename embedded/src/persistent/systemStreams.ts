/**
 * What groups keep over a restart, as events in the streams that the server has for it:
 *
 *   $persistentSubscriptionConfig                      every group's definition (config.ts)
 *   $persistentsubscription-STREAM::GROUP-checkpoint   how far it is
 *   $persistentsubscription-STREAM::GROUP-parked       links to its parked events
 *
 * What lies before the `$tb` in a stream's metadata doesn't count any more.
 */
import type { Change } from '../applying.ts';
import type { Engine } from '../engine.ts';
import { DELETED_METADATA } from '../metadata.ts';
import { fieldsOf, ownEvent, type ProposedEvent } from '../record.ts';
import { RECORD, type Row } from '../store.ts';
import { METADATA_TYPE, metastreamOf } from '../system.ts';
import { type GroupName, keyOf } from './definition.ts';

export const CONFIG_STREAM = '$persistentSubscriptionConfig';
export const checkpointStream = (name: GroupName): string =>
  `$persistentsubscription-${keyOf(name)}-checkpoint`;
export const parkedStream = (name: GroupName): string => `$persistentsubscription-${keyOf(name)}-parked`;

/** Streams of which only the latest event counts. */
const LATEST_ONLY = { $maxCount: 2 };

/** Appends, and resolves when that is durable. */
export function append(
  engine: Engine,
  stream: string,
  event: ProposedEvent,
  also: Pick<Change, 'deletes'> = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    engine.submit({
      ...also,
      stream: Buffer.from(stream),
      expected: 'any',
      events: [event],
      abandoned: () => false,
      done: outcome => {
        if (outcome.kind === 'written') resolve();
        else if (outcome.kind === 'failed') reject(outcome.error);
        else reject(new Error(`${stream} can't be appended to: it is ${outcome.kind}`));
      },
    });
  });
}

/** Appends JSON to a stream of which only the latest counts. */
export async function appendLatest(
  engine: Engine,
  stream: string,
  type: string,
  value: unknown,
): Promise<void> {
  if (firstRevision(engine, stream) > lastRevision(engine, stream))
    await writeMetadata(engine, stream, LATEST_ONLY);
  await append(engine, stream, ownEvent(type, { json: JSON.stringify(value) }));
}

const writeMetadata = (engine: Engine, stream: string, metadata: object): Promise<void> =>
  append(engine, metastreamOf(stream), ownEvent(METADATA_TYPE, { json: JSON.stringify(metadata) }));

/** Only what is at a revision and after it counts from now on. */
export const truncate = (engine: Engine, stream: string, before: number): Promise<void> =>
  writeMetadata(engine, stream, { $tb: before });

/** Deletes a stream, if it is there. */
export async function remove(engine: Engine, stream: string): Promise<void> {
  if (lastRevision(engine, stream) < 0 || engine.deletion(engine.stream(stream))) return;
  await append(engine, stream, ownEvent(METADATA_TYPE, { json: DELETED_METADATA }), { deletes: 'soft' });
}

export const lastRevision = (engine: Engine, stream: string): number => engine.stream(stream).last;

/** The first revision that counts; after the last when none does. */
export const firstRevision = (engine: Engine, stream: string): number =>
  Math.min(engine.firstReadable(engine.stream(stream)), lastRevision(engine, stream) + 1);

/** The data of the last event that counts; undefined when there is none, or when it isn't JSON. */
export function lastValue(engine: Engine, stream: string): unknown {
  const row = engine.readable(engine.stream(stream), lastRevision(engine, stream));
  return row && parseData(row);
}

/** Clients may write to these streams too, so what is in them is believed only as far as it can be read. */
function parseData(row: Row): unknown {
  try {
    return JSON.parse(fieldsOf(row[RECORD]).data.toString('utf8'));
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
