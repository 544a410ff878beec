/**
 * The definitions of all groups as one JSON event, in the server's form. `startedAt` is ours: where the end was when
 * a group began there, so that what has come since isn't lost when it starts again before its first checkpoint.
 */
import type { Engine } from '../engine.ts';
import type { Filter } from '../filters.ts';
import { type Definition, formatPosition, parsePosition } from './definition.ts';
import { appendLatest, CONFIG_STREAM, isObject, lastValue } from './systemStreams.ts';

export type Configured = Definition & {
  /** The position after which it begins as long as it has no checkpoint. */
  readonly startedAt: number;
};

/** Resolves when it is durable. */
export const saveConfig = (engine: Engine, groups: readonly Configured[], now: Date): Promise<void> =>
  appendLatest(engine, CONFIG_STREAM, '$PersistentConfig', {
    version: '2',
    updated: now.toISOString(),
    updatedBy: null,
    entries: groups.map(toEntry),
  });

/** What can't be read as a group is left out, as on the server. */
export function loadConfig(engine: Engine): Configured[] {
  const config = lastValue(engine, CONFIG_STREAM);
  const entries = isObject(config) && Array.isArray(config.entries) ? config.entries : [];
  return entries.flatMap((entry: unknown) => (isObject(entry) ? fromEntry(entry) : []));
}

function toEntry({ stream, group, filter, startFrom, settings, startedAt }: Configured): object {
  return {
    stream,
    group,
    filter: filter && toFilterEntry(filter),
    resolveLinkTos: settings.resolveLinks,
    extraStatistics: settings.extraStatistics,
    messageTimeout: settings.messageTimeout,
    startPosition: formatPosition(stream, startFrom),
    startedAt,
    liveBufferSize: settings.liveBufferSize,
    historyBufferSize: settings.historyBufferSize,
    maxRetryCount: settings.maxRetryCount,
    readBatchSize: settings.readBatchSize,
    checkPointAfter: settings.checkpointAfter,
    minCheckPointCount: settings.minCheckpointCount,
    maxCheckPointCount: settings.maxCheckpointCount,
    maxSubscriberCount: settings.maxSubscriberCount,
    namedConsumerStrategy: settings.strategy,
  };
}

type Entry = Readonly<Record<string, unknown>>;

function fromEntry(entry: Entry): Configured[] {
  const stream = text(entry, 'stream');
  const startFrom = parsePosition(stream, text(entry, 'startPosition'));
  if (stream === '' || !startFrom) return [];
  return [
    {
      stream,
      group: text(entry, 'group'),
      filter: isObject(entry.filter) ? fromFilterEntry(entry.filter) : undefined,
      startFrom,
      startedAt: number(entry, 'startedAt'),
      settings: {
        resolveLinks: entry.resolveLinkTos === true,
        extraStatistics: entry.extraStatistics === true,
        messageTimeout: number(entry, 'messageTimeout'),
        liveBufferSize: number(entry, 'liveBufferSize'),
        historyBufferSize: number(entry, 'historyBufferSize'),
        maxRetryCount: number(entry, 'maxRetryCount'),
        readBatchSize: number(entry, 'readBatchSize'),
        checkpointAfter: number(entry, 'checkPointAfter'),
        minCheckpointCount: number(entry, 'minCheckPointCount'),
        maxCheckpointCount: number(entry, 'maxCheckPointCount'),
        maxSubscriberCount: number(entry, 'maxSubscriberCount'),
        strategy: text(entry, 'namedConsumerStrategy'),
      },
    },
  ];
}

const CONTEXT = { stream: 'streamid', type: 'eventtype' } as const;

const toFilterEntry = ({ on, regex, prefixes }: Filter): object => ({
  context: CONTEXT[on],
  type: regex === '' ? 'prefix' : 'regex',
  data: regex === '' ? prefixes : [regex],
  isAllStream: true,
});

function fromFilterEntry(entry: Entry): Filter {
  const data = Array.isArray(entry.data) ? entry.data.map(String) : [];
  const isRegex = text(entry, 'type') === 'regex';
  return {
    on: text(entry, 'context') === CONTEXT.type ? 'type' : 'stream',
    regex: isRegex ? (data[0] ?? '') : '',
    prefixes: isRegex ? [] : data,
  };
}

function text(entry: Entry, key: string): string {
  const value = entry[key];
  return typeof value === 'string' ? value : '';
}

function number(entry: Entry, key: string): number {
  const value = entry[key];
  return typeof value === 'number' ? value : 0;
}
