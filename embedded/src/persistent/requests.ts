/** Requests to the PersistentSubscriptions service. Field numbers are those of EventStoreDB's persistent.proto. */
import { readFilter } from '../readRequest.ts';
import { readStreamIdentifier, readUuid } from '../requests.ts';
import {
  type Cursor,
  cursor,
  delimited,
  malformed,
  readLength,
  readNested,
  readTag,
  readText,
  readUint64,
  scalar,
  skipField,
} from '../wire.ts';
import { ALL, type Definition, type GroupName, LIVE, type Settings, type StartFrom } from './definition.ts';
import type { NackAction } from './group.ts';

/** `isAll`: by the option of its own, which is another than a stream called `$all`. */
export type Target = GroupName & { readonly isAll: boolean };

export type ReadMessage =
  | {
      readonly kind: 'options';
      readonly target: Target;
      readonly bufferSize: number;
      readonly structuredIds: boolean;
    }
  | { readonly kind: 'ack'; readonly ids: readonly string[] }
  | {
      readonly kind: 'nack';
      readonly ids: readonly string[];
      readonly action: NackAction;
      readonly reason: string;
    };

const START: StartFrom = { commit: 0, prepare: 0 };
const TICKS_PER_MILLISECOND = 10_000;
const MAX_UINT64 = 2n ** 64n - 1n;
const STRATEGY_NAMES = ['DispatchToSingle', 'RoundRobin', 'Pinned'];
const ACTIONS: readonly NackAction[] = ['unknown', 'park', 'retry', 'skip', 'stop'];

/** Calls `field` with each field's tag; it reads the field and says so, or the field is skipped. */
function readFields(c: Cursor, field: (tag: number) => boolean): void {
  while (c.at < c.end) {
    const tag = readTag(c);
    if (!field(tag)) skipField(c, tag);
  }
}

/** int32 and int64, which may be negative. */
const readInt = (c: Cursor): number => Number(BigInt.asIntN(64, readUint64(c)));

/** Every request here is one message, `options`, at field 1. */
function options(bytes: Buffer): Cursor {
  const c = cursor(bytes);
  let found: Cursor | undefined;
  readFields(c, tag => {
    if (tag !== delimited(1)) return false;
    found = readNested(c);
    return true;
  });
  if (!found) throw malformed('it has no options');
  return found;
}

/** The stream (or `$all`) and the group of a request, whose field numbers differ. */
function readTarget(
  c: Cursor,
  fields: { readonly stream: number; readonly all: number; readonly group: number },
  other: (tag: number) => boolean = () => false,
): Target {
  let target: Target = { stream: '', group: '', isAll: false };
  readFields(c, tag => {
    if (tag === delimited(fields.stream)) target = { ...target, stream: readName(readNested(c)) };
    else if (tag === delimited(fields.all)) {
      readNested(c);
      target = { ...target, stream: ALL, isAll: true };
    } else if (tag === delimited(fields.group)) target = { ...target, group: readText(c) };
    else return other(tag);
    return true;
  });
  return target;
}

const readName = (c: Cursor): string => readStreamIdentifier(c).toString('utf8');

export const readDelete = (bytes: Buffer): Target =>
  readTarget(options(bytes), { stream: 1, all: 3, group: 2 });
export const readGetInfo = (bytes: Buffer): Target =>
  readTarget(options(bytes), { stream: 1, all: 2, group: 3 });

export function readReplayParked(bytes: Buffer): Target & { readonly stopAt: number | undefined } {
  const c = options(bytes);
  let stopAt: number | undefined;
  const target = readTarget(c, { stream: 2, all: 3, group: 1 }, tag => {
    if (tag !== scalar(4)) return false;
    stopAt = readInt(c);
    return true;
  });
  return { ...target, stopAt };
}

/** ListReq: the stream whose groups are asked for; undefined for all groups. */
export function readList(bytes: Buffer): string | undefined {
  const c = options(bytes);
  let stream: string | undefined;
  readFields(c, tag => {
    if (tag !== delimited(2)) return false;
    stream = readTarget(readNested(c), { stream: 1, all: 2, group: 0 }).stream;
    return true;
  });
  return stream;
}

/** ReadReq */
export function readRead(bytes: Buffer): ReadMessage {
  const c = cursor(bytes);
  let message: ReadMessage | undefined;
  readFields(c, tag => {
    if (tag === delimited(1)) message = readReadOptions(readNested(c));
    else if (tag === delimited(2)) message = { kind: 'ack', ...readAnswer(readNested(c)) };
    else if (tag === delimited(3)) message = { kind: 'nack', ...readAnswer(readNested(c)) };
    else return false;
    return true;
  });
  if (!message) throw malformed('it has neither options nor an answer');
  return message;
}

function readReadOptions(c: Cursor): ReadMessage {
  let bufferSize = 0;
  let structuredIds = true;
  const target = readTarget(c, { stream: 1, all: 5, group: 2 }, tag => {
    if (tag === scalar(3)) bufferSize = readInt(c);
    else if (tag === delimited(4)) {
      const option = readNested(c);
      structuredIds = option.at === option.end || readTag(option) !== delimited(2);
    } else return false;
    return true;
  });
  return { kind: 'options', target, bufferSize, structuredIds };
}

/** Ack and Nack, which agree in the fields that they share. */
function readAnswer(c: Cursor): { ids: string[]; action: NackAction; reason: string } {
  const ids: string[] = [];
  let action: NackAction = 'unknown';
  let reason = '';
  readFields(c, tag => {
    if (tag === delimited(2)) ids.push(readUuid(readNested(c)));
    else if (tag === scalar(3)) action = ACTIONS[readLength(c)] ?? 'unknown';
    else if (tag === delimited(4)) reason = readText(c);
    else return false;
    return true;
  });
  return { ids, action, reason };
}

/** CreateReq and UpdateReq, which are alike but that an update has no filter. */
export function readDefinition(bytes: Buffer): Definition & { readonly isAll: boolean } {
  const c = options(bytes);
  let settings = NO_SETTINGS;
  // Where older clients say it; newer ones say it in `source`.
  let revision = START;
  let source: Partial<Pick<Definition, 'startFrom' | 'filter' | 'stream'>> & { isAll?: boolean } = {};
  const target = readTarget(c, { stream: 1, all: 0, group: 2 }, tag => {
    if (tag === delimited(3)) ({ settings, revision } = readSettings(readNested(c)));
    else if (tag === delimited(4)) source = readStreamOptions(readNested(c));
    else if (tag === delimited(5)) source = { ...readAllOptions(readNested(c)), stream: ALL, isAll: true };
    else return false;
    return true;
  });
  return { filter: undefined, ...target, startFrom: revision, settings, ...source };
}

function readStreamOptions(c: Cursor): Pick<Definition, 'stream' | 'startFrom'> {
  let stream = '';
  let startFrom = START;
  readFields(c, tag => {
    if (tag === delimited(1)) stream = readName(readNested(c));
    else if (tag === scalar(2)) startFrom = atRevision(readUint64(c));
    else if (tag === delimited(3) || tag === delimited(4)) {
      readNested(c);
      startFrom = tag === delimited(3) ? START : LIVE;
    } else return false;
    return true;
  });
  return { stream, startFrom };
}

function readAllOptions(c: Cursor): Pick<Definition, 'startFrom' | 'filter'> {
  let startFrom = START;
  let filter: Definition['filter'];
  readFields(c, tag => {
    if (tag === delimited(1)) startFrom = readPosition(readNested(c));
    else if (tag === delimited(2) || tag === delimited(3)) {
      readNested(c);
      startFrom = tag === delimited(2) ? START : LIVE;
    } else if (tag === delimited(4)) {
      const { on, regex, prefixes } = readFilter(readNested(c));
      filter = { on, regex, prefixes };
    } else return false;
    return true;
  });
  return { startFrom, filter };
}

function readPosition(c: Cursor): StartFrom {
  let { commit, prepare } = START;
  readFields(c, tag => {
    if (tag === scalar(1)) commit = clamp(readUint64(c));
    else if (tag === scalar(2)) prepare = clamp(readUint64(c));
    else return false;
    return true;
  });
  return { commit, prepare };
}

const atRevision = (value: bigint): StartFrom => ({ commit: clamp(value), prepare: clamp(value) });

/** The largest number of all means “live”; beyond what a Number holds there is nothing else. */
const clamp = (value: bigint): number =>
  value === MAX_UINT64 ? LIVE.commit : Math.min(Number(value), Number.MAX_SAFE_INTEGER);

const NO_SETTINGS: Settings = {
  resolveLinks: false,
  extraStatistics: false,
  messageTimeout: 0,
  maxRetryCount: 0,
  checkpointAfter: 0,
  minCheckpointCount: 0,
  maxCheckpointCount: 0,
  maxSubscriberCount: 0,
  liveBufferSize: 0,
  readBatchSize: 0,
  historyBufferSize: 0,
  strategy: 'DispatchToSingle',
};

const NUMBERS: ReadonlyMap<number, readonly [keyof Settings, unit: number]> = new Map([
  [scalar(4), ['messageTimeout', TICKS_PER_MILLISECOND]],
  [scalar(5), ['maxRetryCount', 1]],
  [scalar(6), ['checkpointAfter', TICKS_PER_MILLISECOND]],
  [scalar(7), ['minCheckpointCount', 1]],
  [scalar(8), ['maxCheckpointCount', 1]],
  [scalar(9), ['maxSubscriberCount', 1]],
  [scalar(10), ['liveBufferSize', 1]],
  [scalar(11), ['readBatchSize', 1]],
  [scalar(12), ['historyBufferSize', 1]],
  [scalar(14), ['messageTimeout', 1]],
  [scalar(15), ['checkpointAfter', 1]],
]);

function readSettings(c: Cursor): { settings: Settings; revision: StartFrom } {
  let settings = NO_SETTINGS;
  let named = '';
  let revision = START;
  readFields(c, tag => {
    const numbered = NUMBERS.get(tag);
    if (numbered) settings = { ...settings, [numbered[0]]: Math.trunc(readInt(c) / numbered[1]) };
    else if (tag === scalar(1)) settings = { ...settings, resolveLinks: readLength(c) !== 0 };
    else if (tag === scalar(2)) revision = atRevision(readUint64(c));
    else if (tag === scalar(3)) settings = { ...settings, extraStatistics: readLength(c) !== 0 };
    else if (tag === scalar(13)) {
      const strategy = readLength(c);
      settings = { ...settings, strategy: STRATEGY_NAMES[strategy] ?? String(strategy) };
    } else if (tag === delimited(16)) named = readText(c);
    else return false;
    return true;
  });
  return { settings: named === '' ? settings : { ...settings, strategy: named }, revision };
}
