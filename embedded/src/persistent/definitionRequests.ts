/** CreateReq and UpdateReq, which say what a group is. Field numbers are those of EventStoreDB's persistent.proto. */
import { readFilter } from '../readRequest.ts';
import { type Cursor, delimited, readLength, readNested, readText, readUint64, scalar } from '../wire.ts';
import { ALL, type Definition, LIVE, type Settings, type StartFrom } from './definition.ts';
import { options, readFields, readInt, readName, readTarget } from './requests.ts';

const START: StartFrom = { commit: 0, prepare: 0 };
const TICKS_PER_MILLISECOND = 10_000;
const MAX_UINT64 = 2n ** 64n - 1n;
const STRATEGY_NAMES = ['DispatchToSingle', 'RoundRobin', 'Pinned'];

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
