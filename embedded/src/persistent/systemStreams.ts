/**
 * What groups keep over a restart, as events in the streams that the server has for it:
 *
 *   $persistentSubscriptionConfig                      every group's definition (config.ts)
 *   $persistentsubscription-STREAM::GROUP-checkpoint   how far it is
 *   $persistentsubscription-STREAM::GROUP-parked       links to its parked events
 *
 * What lies before the `$tb` in a stream's metadata doesn't count any more.
 */
import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine.ts';
import { dataOf } from '../record.ts';
import { NO_STREAM } from '../rules.ts';
import { RECORD, REVISION, type Row } from '../store.ts';
import type { Outcome } from '../writer.ts';
import { type GroupName, keyOf } from './definition.ts';

export const CONFIG_STREAM = '$persistentSubscriptionConfig';
export const checkpointStream = (name: GroupName): string =>
  `$persistentsubscription-${keyOf(name)}-checkpoint`;
export const parkedStream = (name: GroupName): string => `$persistentsubscription-${keyOf(name)}-parked`;

/** Streams of which only the latest event counts. */
const LATEST_ONLY = { $maxCount: 2 };

type SystemEvent = {
  readonly type: string;
  readonly json: boolean;
  readonly data: string;
  readonly metadata?: string;
};

/** Appends, and resolves when that is durable. */
export function append(engine: Engine, stream: string, event: SystemEvent): Promise<void> {
  const data = Buffer.from(event.data);
  const metadata = Buffer.from(event.metadata ?? '');
  return new Promise((resolve, reject) => {
    engine.submit({
      stream: Buffer.from(stream),
      expected: 'any',
      events: [{ id: randomUUID(), type: event.type, json: event.json, data, metadata }],
      bytes: data.length + metadata.length,
      abandoned: () => false,
      done: (outcome: Outcome) => {
        if (outcome.kind === 'written') resolve();
        else
          reject(outcome.kind === 'failed' ? outcome.error : new Error(`${stream} could not be appended to`));
      },
    });
  });
}

export const appendJson = (engine: Engine, stream: string, type: string, value: unknown): Promise<void> =>
  append(engine, stream, { type, json: true, data: JSON.stringify(value) });

/** Appends to a stream of which only the latest counts. */
export async function appendLatest(
  engine: Engine,
  stream: string,
  type: string,
  value: unknown,
): Promise<void> {
  if (lastRevision(engine, stream) === NO_STREAM) await writeMetadata(engine, stream, LATEST_ONLY);
  await appendJson(engine, stream, type, value);
}

const metadataStream = (stream: string): string => `$$${stream}`;
const writeMetadata = (engine: Engine, stream: string, metadata: object): Promise<void> =>
  appendJson(engine, metadataStream(stream), '$metadata', metadata);

/** Only what is at a revision and after it counts from now on. */
export const truncate = (engine: Engine, stream: string, before: number): Promise<void> =>
  writeMetadata(engine, stream, { ...readMetadata(engine, stream), $tb: before });

/** As if nothing had ever been in it. */
export async function empty(engine: Engine, stream: string): Promise<void> {
  const last = lastRevision(engine, stream);
  if (last >= firstRevision(engine, stream)) await truncate(engine, stream, last + 1);
}

export function lastRevision(engine: Engine, stream: string): number {
  const number = engine.streamNumber(Buffer.from(stream));
  return number === undefined ? NO_STREAM : engine.lastRevision(number);
}

/** The first revision that counts. */
export function firstRevision(engine: Engine, stream: string): number {
  const before = readMetadata(engine, stream).$tb;
  return typeof before === 'number' ? before : 0;
}

function readMetadata(engine: Engine, stream: string): Readonly<Record<string, unknown>> {
  const metadata = parseData(lastRow(engine, metadataStream(stream)));
  return isObject(metadata) ? metadata : {};
}

/** The data of the last event that counts; undefined when there is none, or when it isn't JSON. */
export function lastValue(engine: Engine, stream: string): unknown {
  const row = lastRow(engine, stream);
  return row && row[REVISION] >= firstRevision(engine, stream) ? parseData(row) : undefined;
}

function lastRow(engine: Engine, stream: string): Row | undefined {
  const number = engine.streamNumber(Buffer.from(stream));
  if (number === undefined) return undefined;
  return engine.streamBackwards(number, engine.lastRevision(number), { rows: 1, bytes: 1 })[0];
}

/** Clients may write to these streams too, so what is in them is believed only as far as it can be read. */
function parseData(row: Row | undefined): unknown {
  if (!row) return undefined;
  try {
    return JSON.parse(dataOf(row[RECORD]).toString('utf8'));
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
