/** Requests to the PersistentSubscriptions service about groups that are there. Field numbers are those of EventStoreDB's persistent.proto. */
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
import { ALL, type GroupName } from './definition.ts';
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

const ACTIONS: readonly NackAction[] = ['unknown', 'park', 'retry', 'skip', 'stop'];

/** Calls `field` with each field's tag; it reads the field and says so, or the field is skipped. */
export function readFields(c: Cursor, field: (tag: number) => boolean): void {
  while (c.at < c.end) {
    const tag = readTag(c);
    if (!field(tag)) skipField(c, tag);
  }
}

/** int32 and int64, which may be negative. */
export const readInt = (c: Cursor): number => Number(BigInt.asIntN(64, readUint64(c)));

/** Every request here is one message, `options`, at field 1. */
export function options(bytes: Buffer): Cursor {
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
export function readTarget(
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

export const readName = (c: Cursor): string => readStreamIdentifier(c).toString('utf8');

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
