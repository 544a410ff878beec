/** What a resolver has at hand: who asks, and the reads and services of this operation. */
import type { GraphQLError } from 'graphql';
import type pg from 'pg';
import type { Dispatch } from '../../commands/dispatch.ts';
import type { UndoService } from '../../commands/undo/series.ts';
import type { CommandContext } from '../../commands/wish.ts';
import type { Position } from '../../eventstore/envelope.ts';
import type { ParkedIndex } from '../../projections/engine/parkedIndex.ts';
import type { Models } from '../../projections/query/models.ts';
import type { Moment } from '../../projections/query/moment.ts';
import { notYetVisible } from '../../projections/query/refusal.ts';
import { openSession, type ReadSession } from '../../projections/query/session.ts';
import type { EventFeed } from '../events/feed.ts';
import type { ApiObserver } from '../metrics.ts';
import { type ParkedFound, parkedErrors } from '../parkedErrors.ts';
import type { Loaders } from './loaders.ts';
import type { Connected } from './subscriptionLimit.ts';

/** When rows have changed, as the read side tells; the read models show the position. */
export type RowsChanged =
  | {
      readonly kind: 'changed';
      readonly position: Position;
      readonly workspaceId: string;
      readonly rows: readonly { readonly model: string; readonly ids: readonly string[] }[];
    }
  /** Changes up to here were not heard. */
  | { readonly kind: 'missed'; readonly position: Position };

/** How far the read models are; `projections/engine` has it. */
export type Visibility = {
  readonly position: () => Position;
  readonly waitFor: (position: Position, timeoutMs: number) => Promise<'visible' | 'timeout'>;
  readonly parked: () => ParkedIndex;
  /** The function that it gives back ends it. */
  readonly onChange: (listener: (change: RowsChanged) => void) => () => void;
};

/** The same for all requests. */
export type Services = {
  readonly dispatch: Dispatch;
  readonly undo: UndoService;
  readonly pool: pg.Pool;
  readonly feed: EventFeed;
  readonly visibility: Visibility;
  readonly models: Models;
  /** How long a query waits for the position that it was told to show. */
  readonly visibilityTimeoutMs: number;
  readonly observer?: ApiObserver;
  readonly onStatement?: (text: string) => void;
};

/** One snapshot and what was loaded from it. */
export type Reads = {
  readonly session: ReadSession;
  readonly loaders: Loaders;
  /** Instants of `knownAt` whose positions have been looked up. */
  readonly moments: Map<string, Moment | Promise<Moment>>;
  /** By model, what was read and lacks events: to be told along with the answer. */
  readonly parked: ParkedFound;
  readonly onFound: () => void;
};

/** Mutable in two places: `reads` is renewed where one operation shows several moments (mutations, subscriptions). */
export type Context = CommandContext & {
  readonly services: Services;
  reads: Reads;
  /** Nobody waits for the answer any more. */
  over: boolean;
  /** What mercurius adds to the answer's errors. */
  errors?: readonly GraphQLError[] | null;
  /** Of a WebSocket alone. */
  readonly connected?: Connected;
};

export function createContext(services: Services, { workspaceId, actor }: CommandContext): Context {
  const found: ParkedFound = new Map();
  const context: Context = {
    workspaceId,
    actor,
    services,
    reads: newReads(services, workspaceId, found, () => {
      context.errors = parkedErrors(found);
    }),
    over: false,
  };
  return context;
}

/** Nothing is opened before the first read. */
export function newReads(
  services: Services,
  workspaceId: string,
  found: ParkedFound = new Map(),
  onFound: () => void = () => undefined,
): Reads {
  const { pool, visibility, onStatement } = services;
  const session = openSession(
    {
      pool,
      waitFor: position => waitUntilVisible(services, position),
      parked: {
        index: visibility.parked,
        onRead: (model, parked) => {
          found.set(model, [...new Set([...(found.get(model) ?? []), ...parked])]);
          onFound();
        },
      },
      ...(onStatement && { onStatement }),
    },
    workspaceId,
  );
  return { session, loaders: new Map(), moments: new Map(), parked: found, onFound };
}

/** From here on the context reads from a snapshot that shows the position. */
export function renewReads(context: Context, position: Position): void {
  context.reads.session.end();
  const { parked, onFound } = context.reads;
  context.reads = newReads(context.services, context.workspaceId, parked, onFound);
  context.reads.session.after(position);
  if (context.over) context.reads.session.end();
}

/** Gives back what the operation holds; what it still begins, such as the next mutation's answer, reads nothing. */
export function endOperation(context: Context): void {
  context.over = true;
  context.reads.session.end();
}

async function waitUntilVisible(services: Services, position: Position): Promise<void> {
  const { visibility, visibilityTimeoutMs } = services;
  if (visibility.position() >= position) return;
  if ((await visibility.waitFor(position, visibilityTimeoutMs)) === 'visible') return;
  throw notYetVisible(position, visibility.position());
}
