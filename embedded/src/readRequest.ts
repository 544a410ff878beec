/** ReadReq, which asks for reads and for subscriptions. Field numbers are those of EventStoreDB's streams.proto. */
import type { Filter } from './filters.ts';
import { readStreamIdentifier } from './requests.ts';
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
} from './wire.ts';

/** A number is a revision or a position. */
type ReadFrom = 'start' | 'end' | number;
export type ReadRequest = {
  /** undefined: `$all`. */
  readonly stream: Buffer | undefined;
  readonly from: ReadFrom;
  readonly backwards: boolean;
  readonly resolveLinks: boolean;
  /** undefined: a subscription. */
  readonly count: number | undefined;
  readonly filter: FilterRequest | undefined;
  readonly structuredIds: boolean;
  /** ControlOption.compatibility: from 1 on, stream reads also tell the stream's first and last revision. */
  readonly compatibility: number;
};
export type FilterRequest = Filter & {
  /** How many events may be looked at for one answer; the real server's default is 32. */
  readonly window: number;
  /** A checkpoint comes each time that this many events have been looked at; 0 only for reads. */
  readonly checkpointInterval: number;
};

const DEFAULT_WINDOW = 32;

export function readReadRequest(bytes: Buffer): ReadRequest {
  const c = cursor(bytes);
  let request: ReadRequest | undefined;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) request = readOptions(readNested(c));
    else skipField(c, tag);
  }
  if (!request) throw malformed('it has no options');
  return request;
}

type Source = Pick<ReadRequest, 'stream' | 'from'>;

function readOptions(c: Cursor): ReadRequest {
  let source: Source | undefined;
  let backwards = false;
  let resolveLinks = false;
  let count: number | undefined = 0;
  let filter: FilterRequest | undefined;
  let structuredIds = true;
  let compatibility = 0;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) source = readStreamOptions(readNested(c));
    else if (tag === delimited(2)) source = { stream: undefined, from: readAllOptions(readNested(c)) };
    else if (tag === scalar(3)) backwards = readLength(c) === 1;
    else if (tag === scalar(4)) resolveLinks = readLength(c) !== 0;
    else if (tag === scalar(5)) count = clamp(readUint64(c));
    else if (tag === delimited(6)) {
      readNested(c);
      count = undefined;
    } else if (tag === delimited(7)) filter = readFilter(readNested(c));
    else if (tag === delimited(9)) structuredIds = hasField(readNested(c), delimited(1));
    else if (tag === delimited(10)) compatibility = readCompatibility(readNested(c));
    else skipField(c, tag);
  }
  if (!source) throw malformed('it names neither a stream nor $all');
  return { ...source, backwards, resolveLinks, count, filter, structuredIds, compatibility };
}

function readStreamOptions(c: Cursor): Source {
  let stream: Buffer | undefined;
  let from: ReadFrom = 'start';
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) stream = readStreamIdentifier(readNested(c));
    else if (tag === scalar(2)) from = clamp(readUint64(c));
    else from = readEdge(c, tag, 3) ?? from;
  }
  if (!stream || stream.length === 0) throw malformed("the stream's name is missing");
  return { stream, from };
}

function readAllOptions(c: Cursor): ReadFrom {
  let from: ReadFrom = 'start';
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) from = readPosition(readNested(c));
    else from = readEdge(c, tag, 2) ?? from;
  }
  return from;
}

/** `start` is one field, `end` the next. */
function readEdge(c: Cursor, tag: number, startField: number): ReadFrom | undefined {
  skipField(c, tag);
  if (tag === delimited(startField)) return 'start';
  return tag === delimited(startField + 1) ? 'end' : undefined;
}

/** The commit position; in this log the prepare position is the same. */
function readPosition(c: Cursor): number {
  let commit = 0;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === scalar(1)) commit = clamp(readUint64(c));
    else skipField(c, tag);
  }
  return commit;
}

export function readFilter(c: Cursor): FilterRequest {
  let on: Filter['on'] | undefined;
  let expression = { regex: '', prefixes: [] as string[] };
  let window = DEFAULT_WINDOW;
  let multiplier = 0;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1) || tag === delimited(2)) {
      on = tag === delimited(1) ? 'stream' : 'type';
      expression = readExpression(readNested(c));
    } else if (tag === scalar(3)) window = readLength(c);
    else if (tag === scalar(5)) multiplier = readLength(c);
    else skipField(c, tag);
  }
  if (!on) throw malformed('the filter says neither stream nor event type');
  return { on, ...expression, window, checkpointInterval: window * multiplier };
}

function readExpression(c: Cursor): { regex: string; prefixes: string[] } {
  const prefixes: string[] = [];
  let regex = '';
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) regex = readText(c);
    else if (tag === delimited(2)) prefixes.push(readText(c));
    else skipField(c, tag);
  }
  return { regex, prefixes };
}

function readCompatibility(c: Cursor): number {
  let value = 0;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === scalar(1)) value = readLength(c);
    else skipField(c, tag);
  }
  return value;
}

function hasField(c: Cursor, wanted: number): boolean {
  let found = false;
  while (c.at < c.end) {
    const tag = readTag(c);
    found ||= tag === wanted;
    skipField(c, tag);
  }
  return found;
}

/** Beyond what a Number holds there is no event, so the largest safe number stands for all of it. */
const clamp = (value: bigint): number =>
  value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
