/**
 * Takes a series back in one stream, by the same pipeline as every command: exact revisions, claims, rights of the one
 * who undoes. Sent again it finds what is taken back already, so it may end anywhere and be run anew.
 */
import { type Aggregate, streamName } from '../../domain/kernel/aggregate.ts';
import type { Rejection } from '../../domain/kernel/rejection.ts';
import type { Id } from '../../domain/kernel/values.ts';
import { canonicalJson } from '../../eventstore/canonical.ts';
import type { Position, RecordedEvent } from '../../eventstore/envelope.ts';
import { idFrom } from '../../eventstore/hash.ts';
import { latest } from '../decide.ts';
import type { DispatchOptions, Pipeline } from '../dispatch.ts';
import { asCommandError, type CommandError, commandError } from '../errors.ts';
import type { StreamState } from '../streamState.ts';
import { createView, type View } from '../view.ts';
import type { CommandContext, Wish } from '../wish.ts';
import { decideCall, takenValue } from './decideCall.ts';
import { type LeftAlone, NOTHING, type Plan, planUndo, type TakenBack } from './plan.ts';
import { createTrace, isTakenBack, type Trace, UNDO_MARK } from './trace.ts';

/** What is to be taken back: all events of one correlation (an import), or of one command. */
export type Target = { readonly correlationId: string } | { readonly commandId: string };

export type UndoRequest = {
  readonly target: Target;
  /** The correlation of the events that take it back; by it the undo can be undone. */
  readonly undoId: string;
  readonly context: CommandContext;
  /** Says what would be done. */
  readonly isPreview?: boolean;
};

export type RecordKey = { readonly category: string; readonly id: Id };

export type RecordUndo = RecordKey & {
  readonly takenBack: readonly TakenBack[];
  readonly leftAlone: readonly LeftAlone[];
  /** Events of the series that were taken back before. */
  readonly already: number;
  readonly appended: number;
  /** Where what was appended is visible. */
  readonly position: Position | undefined;
};

export type UndoOptions = DispatchOptions & Omit<Pipeline, 'dispatch'>;

/** Characters of JSON of an append's data: with metadata and in UTF-8 it stays under the 1 MiB of the store. */
const APPEND_LIMIT = 100_000;
const PAGE = 1_000;
/** Others who undo the same, or take values that it brings back, may make it look again. */
const MAX_VAIN_ROUNDS = 5;

export const isOf =
  (target: Target) =>
  (event: Pick<RecordedEvent, 'correlationId' | 'commandId'>): boolean =>
    'correlationId' in target
      ? event.correlationId === target.correlationId
      : event.commandId === target.commandId;

/** @throws CommandError `UNAVAILABLE` when the event store does not answer. */
export async function undoRecord(
  { category, id }: RecordKey,
  request: UndoRequest,
  options: UndoOptions,
): Promise<RecordUndo> {
  const aggregate = options.catalog.aggregates.get(category);
  if (!aggregate) throw new Error(`a record of ${category}, which is no aggregate`);
  const trace = createTrace(aggregate, isOf(request.target));
  const stream = streamName(category, request.context.workspaceId, id);
  const prefix = `${UNDO_MARK}${idFrom('undo', request.undoId, stream)}.`;
  const rounds: Plan[] = [];
  let appended = 0;
  let position: Position | undefined;
  let taken: Rejection | undefined;
  const answer = (last: Plan): RecordUndo => ({
    category,
    id,
    ...inAll([...rounds, last]),
    appended,
    position,
  });

  for (let vain = 0; vain < MAX_VAIN_ROUNDS; ) {
    await readOn(trace, { aggregate, id, request }, options);
    if (isDone(trace)) return answer({ ...NOTHING, already: trace.mine.length });
    const wish = wishOf(aggregate, id, `${prefix}${trace.commandsBy(prefix)}`, request, options);
    let plan: Plan | undefined;
    const decide = async (state: StreamState, view: View) => {
      const occurredAt = latest(options.now().toISOString(), state.lastOccurredAt);
      if (trace.revision() < state.revision) await readOn(trace, { aggregate, id, request }, options);
      if (trace.revision() !== state.revision) return lookAgain(view);
      const { folded } = state;
      plan = await planUndo({
        aggregate,
        trace,
        folded,
        occurredAt,
        limit: request.isPreview ? Number.POSITIVE_INFINITY : APPEND_LIMIT,
        decide: decideCall(wish, state, view, taken, options),
      });
      const isRefused = plan.leftAlone.some(({ why }) => why === 'REFUSED');
      return isRefused && view.restsOnCache() ? lookAgain(view) : { events: plan.events, occurredAt };
    };
    const result = request.isPreview
      ? await look(wish, decide, options)
      : await options.carryOut(wish, decide);
    if (!result.ok) {
      if (result.error.kind === 'UNAVAILABLE') throw commandError('UNAVAILABLE', result.error.message);
      taken = takenValue(aggregate, result.error);
      if (!taken || !plan) return answer(notDone(trace, result.error));
      vain += 1;
    } else if (result.repeated || !plan) vain += 1;
    else {
      if (result.appended > 0) position = result.position;
      appended += result.appended;
      if (!plan.isCut) return answer(plan);
      rounds.push(plan);
      vain = 0;
    }
  }
  return answer(notDone(trace, CONTENDED));
}

type Stream = { readonly aggregate: Aggregate; readonly id: Id; readonly request: UndoRequest };

/** Brings the trace to the end of the stream, as it is now. */
async function readOn(
  trace: Trace,
  { aggregate, id, request }: Stream,
  { streams }: UndoOptions,
): Promise<void> {
  const { workspaceId } = request.context;
  for (;;) {
    const events = await streams.eventsFrom(aggregate, workspaceId, id, trace.revision() + 1, PAGE);
    for (const event of events) trace.add(event);
    if (events.length < PAGE) return;
  }
}

/** Only what came from the cache can be behind. */
function lookAgain(view: View): 'look again' {
  if (view.restsOnCache()) return 'look again';
  throw commandError('CONFLICT', CONTENDED.message);
}

/** What `carryOut` would decide, from streams that are read now. */
async function look(
  wish: Wish,
  decide: (state: StreamState, view: View) => Promise<unknown>,
  { streams }: UndoOptions,
) {
  try {
    const view = createView(streams, wish, 'fresh');
    await decide(await view.own(), view);
    return { ok: true, position: undefined, appended: 0, repeated: false } as const;
  } catch (error) {
    const known = asCommandError(error);
    if (known) return { ok: false, error: known } as const;
    throw error;
  }
}

function wishOf(
  aggregate: Aggregate,
  id: Id,
  commandId: string,
  { target, undoId, context }: UndoRequest,
  { hashInput }: UndoOptions,
): Wish {
  return {
    command: { name: 'undo', aggregate, declaration: { input: {}, decide: () => [] } },
    permission: `${aggregate.category}:undo`,
    input: {},
    references: [],
    id,
    stream: streamName(aggregate.category, context.workspaceId, id),
    commandId,
    inputHash: hashInput(canonicalJson(['undo', id, target])).toString('hex'),
    ifRevision: undefined,
    occurredAt: undefined,
    correlationId: undoId,
    causationId: commandId,
    context,
  };
}

const CONTENDED: CommandError = {
  kind: 'CONFLICT',
  code: 'CONFLICT',
  message: 'others kept changing this record; undo again',
};

/** Nothing more can be done in this stream. */
function notDone({ mine }: Trace, { code, message }: CommandError): Plan {
  const event = mine.at(-1)?.speech;
  const left = { ...(event && { event }), parts: [], why: 'REFUSED' as const, rule: code, message };
  return { ...NOTHING, leftAlone: [left] };
}

const isDone = ({ mine }: Trace): boolean => mine.length > 0 && mine.every(isTakenBack);

/** Several appends as one: what the last one left alone is left, and what the earlier ones did counts as new. */
function inAll(rounds: readonly Plan[]): Pick<RecordUndo, 'takenBack' | 'leftAlone' | 'already'> {
  const last = rounds.at(-1);
  const takenBack = rounds.flatMap(plan => plan.takenBack);
  const earlier = takenBack.length - (last?.takenBack.length ?? 0);
  return {
    takenBack,
    leftAlone: last?.leftAlone ?? [],
    already: Math.max(0, (last?.already ?? 0) - earlier),
  };
}
