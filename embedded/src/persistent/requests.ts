/**
 * The requests of the PersistentSubscriptions service. Field numbers are those of EventStoreDB's persistent.proto, and
 * the messages are called as they are there.
 */
import {
  AllOptions,
  clamp,
  nameOf,
  present,
  StreamIdentifier,
  toFilter,
  Uuid,
  UuidOption,
} from '../requests.ts';
import { bool, flag, int, many, message, nest, string, uint32, uint64 } from '../schema.ts';
import { cursor } from '../wire.ts';
import { ALL, type Definition, type GroupName, LIVE, type StartFrom } from './definition.ts';
import type { NackAction } from './group.ts';

/** `isAll`: by the option of its own, which is another than a stream called `$all`. */
export type Target = GroupName & { readonly isAll: boolean };

const Settings = message({
  resolveLinkTos: bool(1),
  /** Where a group of a stream begins. */
  revision: uint64(2),
  extraStatistics: bool(3),
  maxRetryCount: int(5),
  minCheckPointCount: int(7),
  maxCheckPointCount: int(8),
  maxSubscriberCount: int(9),
  liveBufferSize: int(10),
  readBatchSize: int(11),
  historyBufferSize: int(12),
  strategy: uint32(13),
  messageTimeout: int(14),
  checkPointAfter: int(15),
  /** How newer clients than the Node.js one name a strategy. */
  named: string(16),
});
/** CreateReq and UpdateReq, which are alike but that an update has no filter. */
const DefinitionReq = withOptions({
  stream: nest(1, StreamIdentifier),
  group: string(2),
  settings: nest(3, Settings),
  all: nest(5, AllOptions),
});
const DeleteReq = withOptions({ stream: nest(1, StreamIdentifier), group: string(2), all: flag(3) });
const GetInfoReq = withOptions({ stream: nest(1, StreamIdentifier), all: flag(2), group: string(3) });
const ReplayParkedReq = withOptions({
  group: string(1),
  stream: nest(2, StreamIdentifier),
  all: flag(3),
  stopAt: uint64(4),
});
const ListReq = withOptions({ of: nest(2, message({ stream: nest(1, StreamIdentifier), all: flag(2) })) });
const Answer = message({ ids: many(2, Uuid), action: uint32(3), reason: string(4) });
const ReadReq = message({
  options: nest(
    1,
    message({
      stream: nest(1, StreamIdentifier),
      group: string(2),
      bufferSize: int(3),
      ids: nest(4, UuidOption),
      all: flag(5),
    }),
  ),
  ack: nest(2, Answer),
  nack: nest(3, Answer),
});

/** Every request here but a read is one message, `options`, at field 1. */
function withOptions<Of extends Parameters<typeof message>[0]>(fields: Of) {
  const Req = message({ options: nest(1, message(fields)) });
  return (bytes: Buffer) => present(Req(cursor(bytes)).options);
}

type Named = {
  readonly stream: ReturnType<typeof StreamIdentifier> | undefined;
  readonly all: unknown;
  readonly group: string;
};

export function toTarget({ stream, all, group }: Named): Target {
  const isAll = all !== undefined && all !== false;
  return { stream: isAll ? ALL : nameOf(stream).toString('utf8'), group, isAll };
}

export const readDelete = (bytes: Buffer): Target => toTarget(DeleteReq(bytes));
export const readGetInfo = (bytes: Buffer): Target => toTarget(GetInfoReq(bytes));

export function readReplayParked(bytes: Buffer): Target & { readonly stopAt: number | undefined } {
  const request = ReplayParkedReq(bytes);
  const stopAt = request.stopAt === undefined ? undefined : Number(BigInt.asIntN(64, request.stopAt));
  return { ...toTarget(request), stopAt };
}

/** The stream whose groups are asked for; undefined for all groups. */
export function readList(bytes: Buffer): string | undefined {
  const { of } = ListReq(bytes);
  return of && toTarget({ ...of, group: '' }).stream;
}

const ACTIONS: readonly NackAction[] = ['unknown', 'park', 'retry', 'skip', 'stop'];
export const actionOf = (number: number): NackAction => ACTIONS[number] ?? 'unknown';

/** It has options, an ack or a nack. */
export function readRead(bytes: Buffer): ReturnType<typeof ReadReq> {
  const request = ReadReq(cursor(bytes));
  present(request.options ?? request.ack ?? request.nack);
  return request;
}

const STRATEGY_NAMES = ['DispatchToSingle', 'RoundRobin', 'Pinned'];

export function readDefinition(bytes: Buffer): Definition & { readonly isAll: boolean } {
  const request = DefinitionReq(bytes);
  const { all } = request;
  const { revision, strategy, named, ...settings } = request.settings ?? NONE;
  return {
    ...toTarget(request),
    filter: all?.filter && toFilter(all.filter),
    startFrom: all ? startOf(all) : { commit: toStart(revision), prepare: toStart(revision) },
    settings: {
      ...settings,
      namedConsumerStrategy: named === '' ? (STRATEGY_NAMES[strategy] ?? String(strategy)) : named,
    },
  };
}

const NONE = Settings(cursor(Buffer.alloc(0)));

const startOf = ({ position, end }: ReturnType<typeof AllOptions>): StartFrom =>
  end ? LIVE : { commit: toStart(position?.commit), prepare: toStart(position?.prepare) };

/** The largest number of all means “live”. */
const toStart = (value = 0n): number => (value === MAX_UINT64 ? LIVE.commit : clamp(value));
const MAX_UINT64 = 2n ** 64n - 1n;
