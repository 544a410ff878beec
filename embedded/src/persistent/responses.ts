/** Responses of the PersistentSubscriptions service. Field numbers are those of EventStoreDB's persistent.proto. */
import { readEventPart } from '../record.ts';
import { frame, nested, number, text } from '../wire.ts';
import { type Definition, formatPosition, type StartFrom } from './definition.ts';
import type { Rate } from './measurements.ts';

/** Every answer that says nothing but “done”. */
export const DONE: Buffer = frame();

/** ReadResp { subscription_confirmation } */
export const confirmed = (subscriptionId: string): Buffer => frame(nested(2, text(1, subscriptionId)));

/** ReadResp { event }: as a read sends it, and how often it was sent before. */
export const delivered = (shown: Buffer, retryCount: number): Buffer =>
  frame(nested(1, readEventPart(shown), number(5, retryCount)));

export type ConnectionInfo = {
  readonly username: string;
  readonly name: string;
  readonly items: Rate;
  readonly measurements: readonly (readonly [name: string, milliseconds: number])[];
  readonly availableSlots: number;
  readonly inFlight: number;
};

export type GroupInfo = {
  readonly definition: Definition;
  readonly status: string;
  readonly connections: readonly ConnectionInfo[];
  readonly items: Rate;
  readonly lastCheckpoint: StartFrom | undefined;
  readonly lastKnown: StartFrom | undefined;
  readonly buffered: number;
  readonly retries: number;
  readonly inFlight: number;
  readonly parked: number;
};

export const listed = (groups: readonly GroupInfo[]): Buffer =>
  frame(...groups.map(info => nested(1, ...infoFields(info))));

/** SubscriptionInfo. Its live buffer is always empty: there is one buffer for history and live events. */
function infoFields(info: GroupInfo): Buffer[] {
  const { definition, items } = info;
  const { stream, group, settings, startFrom } = definition;
  const position = (at: StartFrom | undefined): string => (at ? formatPosition(stream, at) : '');
  return [
    text(1, stream),
    text(2, group),
    text(3, info.status),
    ...info.connections.map(connection => nested(4, ...connectionFields(connection))),
    int(5, items.perSecond),
    int(6, items.total),
    int(7, items.sinceLast),
    text(8, position(info.lastCheckpoint)),
    text(9, position(info.lastKnown)),
    int(10, Number(settings.resolveLinkTos)),
    text(11, position(startFrom)),
    int(12, settings.messageTimeout),
    int(13, Number(settings.extraStatistics)),
    int(14, settings.maxRetryCount),
    int(15, settings.liveBufferSize),
    int(16, settings.historyBufferSize),
    int(17, settings.readBatchSize),
    int(18, settings.checkPointAfter),
    int(19, settings.minCheckPointCount),
    int(20, settings.maxCheckPointCount),
    int(21, info.buffered),
    int(23, info.retries),
    int(24, info.inFlight),
    int(25, info.inFlight),
    text(26, settings.namedConsumerStrategy),
    int(27, settings.maxSubscriberCount),
    int(28, info.parked),
  ];
}

/** The server leaves the address of a gRPC client out too. */
function connectionFields({ username, name, items, measurements, ...now }: ConnectionInfo): Buffer[] {
  return [
    text(2, username),
    int(3, items.perSecond),
    int(4, items.total),
    int(5, items.sinceLast),
    ...measurements.map(([key, value]) => nested(6, text(1, key), int(2, value))),
    int(7, now.availableSlots),
    int(8, now.inFlight),
    text(9, name),
  ];
}

/** A negative int32 is sent as the 64 bits that it would have. */
const int = (field: number, value: number): Buffer => number(field, value < 0 ? BigInt(value) : value);
