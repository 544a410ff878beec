/** The errors that the API answers with: one published list, and nothing of the inside in them. */
import { GraphQLError } from 'graphql';
import type { CommandError } from '../commands/errors.ts';
import { RULES } from './rules.ts';

/** What each code means and what to do; `docs/errors.md` is made of this. */
export const ERROR_CODES = {
  VALIDATION:
    'The request is not well formed. `fields` names each path and what is wrong with it; correct them.',
  RULE_VIOLATION: 'A rule of the business says no. `rule` is its own code, `details` are facts about it.',
  STALE:
    'The record has changed since the revision in `ifRevision`. `details` says what; look at it, then decide again.',
  CONFLICT: 'Others kept changing the record at the same time. Nothing was done; send the command again.',
  FORBIDDEN: 'The caller may not do or see this.',
  NOT_FOUND: 'There is no record with this id.',
  COMMAND_ID_REUSED: 'The `commandId` was used for another input. Take a new one for a new wish.',
  CURSOR_UNKNOWN:
    'The event feed was asked to go on from a place that is none of this log: the event store was restored from an older backup, or is another one. Compare what you have with the feed from an earlier place on.',
  NOT_YET_VISIBLE: 'The read models have not reached the position asked for in time. Ask again.',
  PARKED:
    'An event could not be applied to what was read. A record itself is not shown; lists, counts and sums are answered, without what is in `details` since that position. Ask an administrator to look at `relata parked list`.',
  STREAM_UNREADABLE:
    'The history of the record cannot be read by this version. Nothing was done; see the server log.',
  TOO_COMPLEX: 'The document is too deep, too wide or too costly. Ask for less, or in several requests.',
  UNAVAILABLE:
    'A store does not answer, or took too long. Whether anything was done is not known; send it again, a command with the same `commandId`.',
  INTERNAL: 'Something went wrong in Relata itself. `requestId` finds it in the log.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export type ErrorExtensions = {
  readonly code: ErrorCode;
  readonly fields?: readonly { readonly path: string; readonly message: string }[];
  readonly rule?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly requestId?: string;
};

export const apiError = (message: string, extensions: ErrorExtensions): GraphQLError =>
  new GraphQLError(message, { extensions: { ...extensions } });

/** What dispatch answered, as a client sees it. */
export function fromCommand({ kind, code, message, path, details, issues }: CommandError): GraphQLError {
  const fields = issues ?? (path === undefined ? undefined : [{ path, message }]);
  return apiError(message, {
    code: kind,
    ...(kind === 'RULE_VIOLATION' && { rule: code }),
    ...(fields && { fields }),
    ...(details && { details }),
  });
}

/** `docs/errors.md`, as it is committed. */
export const errorsPage = (): string =>
  [
    '# Errors',
    '',
    'Every error carries `extensions.code`, one of these. `npm run relata -- schema --write` makes this page.',
    'Over WebSockets there is one exception: a document that cannot be parsed, or variables that do not fit it, are told',
    'by the library that speaks the protocol, in words alone.',
    '',
    ...table('code', 'what it means, and what to do', ERROR_CODES),
    '',
    'A path in `fields` leads through the argument that is wrong: `filter.amount.gte.currency`. For what a command itself',
    'refuses it leads through the input: `addresses.0.city`. For a variable that does not fit its type it begins with',
    "the variable's name: `input.employees`.",
    '',
    '## Rules',
    '',
    'A `RULE_VIOLATION` carries `extensions.rule`, one of these.',
    '',
    ...table('rule', 'when it says no, and what to do', RULES),
    '',
  ].join('\n');

const table = (name: string, meaning: string, rows: Readonly<Record<string, string>>): readonly string[] => [
  `| ${name} | ${meaning} |`,
  '| --- | --- |',
  ...Object.entries(rows).map(([code, text]) => `| \`${code}\` | ${text} |`),
];
