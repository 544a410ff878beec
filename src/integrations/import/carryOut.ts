/** Carries rows out by commands: the steps of a row one after the other, each safe to send again. */
import type { Dispatch } from '../../commands/dispatch.ts';
import { asCommandError, type CommandError } from '../../commands/errors.ts';
import type { Streams } from '../../commands/streams.ts';
import type { CommandContext } from '../../commands/wish.ts';
import type { Id } from '../../domain/kernel/values.ts';
import type { Position } from '../../eventstore/envelope.ts';
import { importError } from './errors.ts';
import type { Evaluated, IdleStep } from './evaluate.ts';
import { changed, findingOf, type Settle, settled } from './settle.ts';
import { createTurns, type Turn } from './turns.ts';

export type WriteSide = {
  readonly dispatch: Dispatch;
  /** To see whether an earlier import carried out a step that is not for the row any more. */
  readonly streams: Pick<Streams, 'cached' | 'read'>;
};

type Sent = { position: Position | undefined; appended: number; isNew: boolean };

/** @throws ImportError `UNAVAILABLE` when the event store does not answer: no later row would fare better. */
export function createCarryOut(write: WriteSide, context: CommandContext): Settle {
  const begin = createTurns();
  return async evaluated => {
    const { row, wishes } = evaluated;
    if (row.problems.length > 0) return settled(row, 'rejected');
    const named = wishes.flatMap(({ references }) => references.map(({ id }) => id));
    const turn = begin(wishes.map(toRecord), [...named, ...evaluated.idle.map(toRecord)]);
    try {
      const { position, appended, isNew } = await send(evaluated, turn, write.dispatch, context);
      // A record that has just begun knows of no earlier import.
      if (row.problems.length === 0 && !isNew) await checkIdle(evaluated, turn, write.streams, context);
      return settled(row, wishes.length === 0 ? 'idle' : appended > 0 ? 'imported' : 'unchanged', position);
    } finally {
      turn.end();
    }
  };
}

const toRecord = ({ recordId }: { readonly recordId: Id }) => recordId;

/** Sends the row's commands in their order, up to the first that is refused: the row then has a problem. */
async function send(
  { row, wishes }: Evaluated,
  turn: Turn,
  dispatch: Dispatch,
  context: CommandContext,
): Promise<Sent> {
  const sent: Sent = { position: undefined, appended: 0, isNew: false };
  for (const { step, recordId, request, references } of wishes) {
    for (const id of [recordId, ...references.map(reference => reference.id)]) await turn.before(id);
    const result = await dispatch(request, context);
    if (!result.ok) {
      stopIfUnavailable(result.error);
      row.problems.push(findingOf(row, step, result.error));
      break;
    }
    sent.appended += result.appended;
    sent.isNew ||= step.command.declaration.creates === true && !result.repeated;
    if (sent.position === undefined || result.position > sent.position) sent.position = result.position;
  }
  return sent;
}

/** Finds steps that are not for the row, and were for it in an earlier import. */
async function checkIdle(
  { row, idle }: Evaluated,
  turn: Turn,
  streams: WriteSide['streams'],
  { workspaceId }: CommandContext,
): Promise<void> {
  for (const unwanted of idle)
    try {
      await turn.before(unwanted.recordId);
      if (await wasCarriedOut(unwanted, streams, workspaceId)) row.problems.push(changed(row, unwanted.step));
    } catch (error) {
      const known = asCommandError(error);
      if (!known) throw error;
      stopIfUnavailable(known);
      row.problems.push(findingOf(row, unwanted.step, known));
    }
}

async function wasCarriedOut(
  { step, recordId, commandId }: IdleStep,
  streams: WriteSide['streams'],
  workspaceId: string,
): Promise<boolean> {
  const { aggregate } = step.command;
  const state =
    streams.cached(aggregate, workspaceId, recordId) ??
    (await streams.read(aggregate, workspaceId, recordId));
  return state.answers.has(commandId);
}

function stopIfUnavailable({ kind, message }: CommandError): void {
  if (kind !== 'UNAVAILABLE') return;
  throw importError(
    'UNAVAILABLE',
    `The import stopped: ${message.split(';')[0]}. Start the event store, and run the same import again; what is in already is recognised.`,
  );
}
