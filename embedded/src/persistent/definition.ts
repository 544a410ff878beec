/** What a group is: where its events come from, and its settings, as clients give them. */
import type { Filter } from '../filters.ts';
import type { GroupSettings } from './group.ts';
import { STRATEGIES } from './strategies.ts';

export const ALL = '$all';

/** In a stream both are the revision; {@link LIVE} is the end, whatever comes after the group was made. */
export type StartFrom = { readonly commit: number; readonly prepare: number };
export const LIVE: StartFrom = { commit: -1, prepare: -1 };

/** Called as in the server's own configuration, where they are kept. */
export type Settings = GroupSettings & {
  readonly resolveLinkTos: boolean;
  /** Whether answering times are measured. */
  readonly extraStatistics: boolean;
  /** 0: any number. */
  readonly maxSubscriberCount: number;
  /** Kept and told; here history and live events share one buffer. */
  readonly liveBufferSize: number;
  readonly namedConsumerStrategy: string;
};

/** Those of a request that names none. */
export const NO_SETTINGS: Settings = {
  resolveLinkTos: false,
  extraStatistics: false,
  messageTimeout: 0,
  maxRetryCount: 0,
  checkPointAfter: 0,
  minCheckPointCount: 0,
  maxCheckPointCount: 0,
  maxSubscriberCount: 0,
  liveBufferSize: 0,
  readBatchSize: 0,
  historyBufferSize: 0,
  namedConsumerStrategy: 'DispatchToSingle',
};

export type GroupName = { readonly stream: string; readonly group: string };

export type Definition = GroupName & {
  /** Of `$all` only. */
  readonly filter: Filter | undefined;
  readonly startFrom: StartFrom;
  readonly settings: Settings;
};

/** How clients call a group; part of the names of its streams too. */
export const keyOf = ({ stream, group }: GroupName): string => `${stream}::${group}`;

/** Positions as text, as the server writes them: in its streams and to clients. */
export const formatPosition = (stream: string, { commit, prepare }: StartFrom): string =>
  stream === ALL ? `C:${commit}/P:${prepare}` : String(commit);

/** Undefined for what is no position. */
export function parsePosition(stream: string, text: string): StartFrom | undefined {
  const [, commit, prepare = commit] =
    (stream === ALL ? /^C:(-?\d+)\/P:(-?\d+)$/ : /^(-?\d+)$/).exec(text) ?? [];
  return commit === undefined ? undefined : { commit: Number(commit), prepare: Number(prepare) };
}

/** Why there can't be such a group, in the server's words; undefined when there can. */
export function findFault(
  { stream, startFrom, settings }: Definition,
  lastPosition: number,
): string | undefined {
  const { commit, prepare } = startFrom;
  if (stream === '') return 'Bad stream name.';
  if (!STRATEGIES.has(settings.namedConsumerStrategy))
    return `Consumer strategy ${settings.namedConsumerStrategy} does not exist.`;
  if (stream === ALL && prepare > commit) {
    return 'Invalid Start From position: prepare position must be less than or equal to the commit position.';
  }
  if (stream === ALL && commit > lastPosition) {
    return 'Invalid Start From position: commit position must be less than or equal to the last commit position in the transaction file.';
  }
  if (settings.readBatchSize >= settings.historyBufferSize) {
    return 'ReadBatchSize may not be greater than or equal to BufferSize';
  }
  return undefined;
}
