/**
 * The definitions of all groups as one JSON event, in the server's form. `startedAt` is ours: where the end was when
 * a group began there, so that what has come since isn't lost when it starts again before its first checkpoint.
 */
import type { Engine } from '../engine.ts';
import type { Filter } from '../filters.ts';
import { type Definition, formatPosition, NO_SETTINGS, parsePosition } from './definition.ts';
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

const toEntry = ({ settings, filter, startFrom, ...group }: Configured): object => ({
  ...group,
  ...settings,
  startPosition: formatPosition(group.stream, startFrom),
  filter: filter && toFilterEntry(filter),
});

type Entry = Readonly<Record<string, unknown>>;

function fromEntry(entry: Entry): Configured[] {
  const { stream, group, startedAt, startPosition } = likeIn(entry, BLANK);
  const startFrom = parsePosition(stream, startPosition);
  if (stream === '' || !startFrom) return [];
  const filter = isObject(entry.filter) ? fromFilterEntry(entry.filter) : undefined;
  return [{ stream, group, startedAt, startFrom, filter, settings: likeIn(entry, NO_SETTINGS) }];
}

const BLANK = { stream: '', group: '', startedAt: 0, startPosition: '' };

/** The values of an entry that are of the same kind as those given, which stand for the others. */
function likeIn<Like extends object>(entry: Entry, like: Like): Like {
  const values = Object.entries(like).map(([key, value]) => [
    key,
    typeof entry[key] === typeof value ? entry[key] : value,
  ]);
  // Each key is there, with a value of its own kind.
  return Object.fromEntries(values) as Like;
}

const CONTEXT = { stream: 'streamid', type: 'eventtype' } as const;

const toFilterEntry = ({ on, regex, prefixes }: Filter): object => ({
  context: CONTEXT[on],
  type: regex === '' ? 'prefix' : 'regex',
  data: regex === '' ? prefixes : [regex],
  isAllStream: true,
});

function fromFilterEntry({ context, type, data }: Entry): Filter {
  const expressions = Array.isArray(data) ? data.map(String) : [];
  const on = context === CONTEXT.type ? 'type' : 'stream';
  return type === 'regex'
    ? { on, regex: expressions[0] ?? '', prefixes: [] }
    : { on, regex: '', prefixes: expressions };
}
