/** Declaring commands: a wish with its input, the facts it needs from elsewhere, and the pure decision. */
import type { Aggregate } from './aggregate.ts';
import type { NewEvent } from './events.ts';
import type { RecordState } from './record.ts';
import type { Rejection } from './rejection.ts';
import type { Fields, Id, Instant, LocalDate, Shape } from './values.ts';

/** What a decision may know besides its input and state. */
export type CommandContext = {
  /** The aggregate's own id. */
  readonly id: Id;
  /** When it happened in the business, never before the stream's last event. */
  readonly occurredAt: Instant;
  /** The day of `occurredAt` in UTC. */
  readonly today: LocalDate;
  /** Details, owner, tags and archive as the kernel folds them. */
  readonly record: RecordState;
  /** An id for a part of the aggregate (a line, a stage): the same command and name give the same id again. */
  readonly childId: (name: string | number) => Id;
};

/** Events to append, none when the wish is already true, or the rule that refuses it. */
export type Decision = readonly NewEvent[] | Rejection;

/** Another aggregate as it stands: a fact that may inform a decision, and never guards a rule that must hold. */
export type Fact<S> = { readonly id: Id; readonly state: S; readonly record: RecordState };

/** Reads another aggregate; without an id, the workspace's only one of its kind. */
export type ReadFact = <S>(aggregate: Aggregate<S>, id?: Id) => Promise<Fact<S>>;

/** A command whatever its input and facts are. `never` stands where a function takes what only its own command knows. */
export type CommandDeclaration<S = never> = {
  readonly input: Shape;
  /** It begins a new stream, whose id follows from the commandId. */
  readonly creates?: true;
  /** Only other code sends it: it is no mutation. */
  readonly internal?: true;
  /** It may be sent to an archived record. */
  readonly worksOnArchived?: true;
  /** It may be sent to the record of an erased person. */
  readonly worksOnErased?: true;
  /** It may be sent whether the stream exists or not. Singletons always take their commands so. */
  readonly anyState?: true;
  /** Defaults to `<category>:<command>`. */
  readonly permission?: string;
  /** One sentence for the API's documentation. */
  readonly description?: string;
  readonly facts?: (read: ReadFact, input: never, state: S) => Promise<object>;
  readonly decide: (input: never, state: S, context: never) => Decision;
};

type Typed<S, I extends Shape, F extends object> = Omit<CommandDeclaration, 'input' | 'facts' | 'decide'> & {
  readonly input: I;
  readonly facts?: (read: ReadFact, input: Fields<I>, state: S) => Promise<F>;
  readonly decide: (input: Fields<I>, state: S, context: CommandContext & F) => Decision;
};

/** `command<State>()({ input, facts?, decide })`: checks a declaration against its own input, state and facts. */
export const command =
  <S>() =>
  <I extends Shape, F extends object = object>(
    declaration: Typed<S, I, F>,
  ): CommandDeclaration<S> & { readonly input: I } =>
    declaration as CommandDeclaration<S> & { readonly input: I }; // only the parameters' types are widened
