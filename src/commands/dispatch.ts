/**
 * The only way in: validate → authorise → load → decide → append → answer, for GraphQL, the CLI, imports, process
 * managers and integrations alike.
 *
 * Invariants. An append names the exact revision that its decision saw. A refusal, a no-op and `STALE` are answered only
 * from streams read after the command came in; the cache may speed up successes and nothing else. The same commandId
 * with the same input answers as the first time and appends nothing.
 */

import { isRejection, type Rejection } from '../domain/kernel/rejection.ts';
import type { Id } from '../domain/kernel/values.ts';
import type { Catalog } from '../eventstore/catalog.ts';
import type { Codec, SealedEvent } from '../eventstore/codec.ts';
import type { Actor, Position } from '../eventstore/envelope.ts';
import type { Subject } from '../eventstore/personal/keySource.ts';
import { checkRevision } from './checkRevision.ts';
import { beginClaims, type Claims } from './claims.ts';
import { type Decided, decideOn } from './decide.ts';
import { asCommandError, type CommandError, commandError, errorOf, withoutKeys } from './errors.ts';
import { createReservations } from './reservations.ts';
import { answerTo, type StreamState } from './streamState.ts';
import type { Streams } from './streams.ts';
import { createView, type View } from './view.ts';
import { backOff, createQueues } from './waiting.ts';
import { type CommandContext, type CommandRequest, createWishes, type Wish } from './wish.ts';

export type CommandResult =
  | {
      readonly ok: true;
      readonly id: Id;
      readonly revision: number;
      readonly position: Position;
      /** Events appended: 0 when the wish was true already, or carried out before. */
      readonly appended: number;
      /** The same commandId had been carried out before. */
      readonly repeated: boolean;
    }
  | { readonly ok: false; readonly error: CommandError };

export type Dispatch = (request: CommandRequest, context: CommandContext) => Promise<CommandResult>;

/** What to append upon a state; `look again` when that can't be said of what came from the cache. */
export type Decide = (state: StreamState, view: View) => Promise<Decided | Rejection | 'look again'>;

/** Carries a wish out: its command's own decision, or several commands decided one after the other and appended at once. */
export type CarryOut = (wish: Wish, decide?: Decide) => Promise<CommandResult>;

export type Pipeline = {
  readonly dispatch: Dispatch;
  readonly carryOut: CarryOut;
  readonly toWish: ReturnType<typeof createWishes>;
};

/** Says no by a rejection; asked once before the record is loaded and once with it. */
export type Authorise = (
  actor: Actor,
  permission: string,
  record?: { readonly category: string; readonly id: Id; readonly ownerId: Id | null },
) => Rejection | undefined;

export type DispatchOptions = {
  readonly catalog: Catalog;
  readonly codec: Codec;
  readonly streams: Streams;
  readonly authorise: Authorise;
  /** Destroys the key of a person. */
  readonly eraseKey: (subject: Subject) => Promise<void>;
  /** Keyed hash of a command's input. */
  readonly hashInput: (text: string) => Buffer;
  /** Keyed hash that names a reservation. */
  readonly hashValue: (text: string) => Buffer;
  readonly now: () => Date;
  readonly random: () => number;
};

/** After so many lost races the sender is told. */
const MAX_ATTEMPTS = 5;

export const createDispatch = (options: DispatchOptions): Dispatch => createPipeline(options).dispatch;

export function createPipeline(options: DispatchOptions): Pipeline {
  const { authorise, random } = options;
  const toWish = createWishes(options.catalog, options.hashInput);
  const queued = createQueues();
  // Rivals within this process take turns; those in others meet at the expected revision.
  const dispatch: Dispatch = (request, context) =>
    admit(request, context, wish => queued(wish.stream, () => carryOut(wish)));
  const inTurn: Dispatch = (request, context) => admit(request, context, carryOut);
  const reservations = createReservations({ ...options, dispatch });

  const admit = (
    request: CommandRequest,
    context: CommandContext,
    proceed: (wish: Wish) => Promise<CommandResult>,
  ): Promise<CommandResult> =>
    answered(async () => {
      const wish = toWish(request, context);
      if ('kind' in wish) return { ok: false, error: wish };
      const denied = authorise(context.actor, wish.permission);
      return denied ? refusal(denied) : proceed(wish);
    });

  async function carryOut(wish: Wish, decide: Decide = ownDecision(wish, options)): Promise<CommandResult> {
    const claims = beginClaims(wish, reservations, inTurn);
    let from: 'cached' | 'fresh' = 'cached';
    try {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; ) {
        const outcome = await tryOnce(wish, createView(options.streams, wish, from), decide, claims, options);
        if (typeof outcome === 'object') return outcome;
        from = 'fresh';
        if (outcome === 'lost the race' && ++attempt <= MAX_ATTEMPTS) await backOff(attempt, random);
      }
    } finally {
      await claims.drop();
    }
    throw commandError('CONFLICT', 'others kept changing this record; look at it and send the command again');
  }

  return {
    dispatch,
    carryOut: (wish, decide) => answered(() => queued(wish.stream, () => carryOut(wish, decide))),
    toWish,
  };
}

/** What no rule foresees, as a value. */
async function answered(run: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await run();
  } catch (error) {
    const known = asCommandError(error);
    if (known) return { ok: false, error: known };
    throw error;
  }
}

async function tryOnce(
  wish: Wish,
  view: View,
  decide: Decide,
  claims: Claims,
  options: DispatchOptions,
): Promise<CommandResult | 'look again' | 'lost the race'> {
  const state = await view.own();
  const before = answerTo(state, wish.commandId);
  if (before) {
    if (before.inputHash !== wish.inputHash) return { ok: false, error: reused(wish) };
    const lost = await claims.confirm(view, state);
    if (lost) return lost === 'look again' ? lost : refusal(lost);
    await finishErasure(wish, state, options);
    return success(wish.id, before, { appended: 0, repeated: true });
  }

  const decided = await decide(state, view);
  if (decided === 'look again') return decided;
  if (isRejection(decided) || decided.events.length === 0) {
    if (view.restsOnCache()) return 'look again';
    if (isRejection(decided)) return refusal(decided);
    await finishErasure(wish, state, options);
    return success(wish.id, state, { appended: 0, repeated: false });
  }

  const sealed = await seal(wish, state, decided, view, options);
  const taken = await claims.take(view, state, sealed);
  if (taken) return taken === 'look again' ? taken : refusal(taken);
  const next = await append(wish, state, sealed, claims, options);
  // A cache that was behind is no race: one look at the store, and no waiting.
  if (!next) return view.restsOnCache() ? 'look again' : 'lost the race';
  const lost = await claims.settle();
  await finishErasure(wish, next, options);
  return lost ? refusal(lost) : success(wish.id, next, { appended: sealed.length, repeated: false });
}

/**
 * A person's key is gone by the time that the sender is told. Where it can't be destroyed now, the projector does it when
 * it comes to the event.
 */
async function finishErasure(
  { context: { workspaceId }, command, id }: Wish,
  { folded }: StreamState,
  { eraseKey }: DispatchOptions,
): Promise<void> {
  if (!folded.record.erased) return;
  try {
    await eraseKey({ workspaceId, category: command.aggregate.category, id });
  } catch (error) {
    throw withoutKeys(error);
  }
}

async function append(
  wish: Wish,
  state: StreamState,
  sealed: readonly SealedEvent[],
  claims: Claims,
  { streams }: DispatchOptions,
): Promise<StreamState | undefined> {
  try {
    return await streams.append(wish.command.aggregate, state, sealed);
  } catch (error) {
    claims.keep();
    throw error;
  }
}

/** The decision of the wish's own command. */
export const ownDecision =
  (
    wish: Wish,
    { authorise, streams, catalog, now }: Pick<DispatchOptions, 'authorise' | 'streams' | 'catalog' | 'now'>,
  ) =>
  async (state: StreamState, view: View): Promise<Decided | Rejection> => {
    const { category } = wish.command.aggregate;
    const record = { category, id: wish.id, ownerId: state.folded.record.ownerId };
    return (
      authorise(wish.context.actor, wish.permission, record) ??
      (await checkRevision(wish, state, streams)) ??
      decideOn(wish, state, view, catalog, now().toISOString())
    );
  };

async function seal(
  wish: Wish,
  state: StreamState,
  decided: Decided,
  view: View,
  options: DispatchOptions,
): Promise<readonly SealedEvent[]> {
  const envelope = {
    workspaceId: wish.context.workspaceId,
    actor: wish.context.actor,
    commandId: wish.commandId,
    inputHash: wish.inputHash,
    $correlationId: wish.correlationId,
    $causationId: wish.causationId,
    occurredAt: decided.occurredAt,
    recordedAt: options.now().toISOString(),
    ...(Object.keys(view.facts).length > 0 && { facts: view.facts }),
  };
  const { stream } = wish;
  try {
    return await options.codec.encode(decided.events, {
      stream,
      revision: state.revision + 1,
      prevHash: state.hash,
      envelope,
    });
  } catch (error) {
    throw withoutKeys(error);
  }
}

const success = (
  id: Id,
  { revision, position }: { revision: number; position: Position },
  more: { appended: number; repeated: boolean },
): CommandResult => ({ ok: true, id, revision, position, ...more });

const refusal = (rejection: Rejection): CommandResult => ({ ok: false, error: errorOf(rejection) });

const reused = ({ commandId }: Wish): CommandError => ({
  kind: 'COMMAND_ID_REUSED',
  code: 'COMMAND_ID_REUSED',
  message: 'this commandId was used with another input; give each new command its own',
  details: { commandId },
});
