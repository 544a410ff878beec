/** Carries rows out by commands: the steps of a row one after the other, each safe to send again. */
import type { Dispatch } from '../../commands/dispatch.ts';
import type { Streams } from '../../commands/streams.ts';
import type { CommandContext } from '../../commands/wish.ts';
import type { Position } from '../../eventstore/envelope.ts';
import { importError } from './errors.ts';
import type { Evaluated, IdleStep } from './evaluate.ts';
import { changed, findingOf, type Settle, settled } from './settle.ts';

export type WriteSide = {
  readonly dispatch: Dispatch;
  /** To see whether an earlier import carried out a step that is not for the row any more. */
  readonly streams: Pick<Streams, 'cached' | 'read'>;
};

type Sent = { position: Position | undefined; appended: number; isNew: boolean };

/** @throws ImportError `UNAVAILABLE` when the event store does not answer: no later row would fare better. */
export function createCarryOut(write: WriteSide, context: CommandContext): Settle {
  return async evaluated => {
    const { row, wishes } = evaluated;
    if (row.problems.length > 0) return settled(row, 'rejected');
    const { position, appended, isNew } = await send(evaluated, write.dispatch, context);
    // A record that has just begun knows of no earlier import.
    if (row.problems.length === 0 && !isNew)
      for (const idle of evaluated.idle)
        if (await wasCarriedOut(idle, write.streams, context.workspaceId))
          row.problems.push(changed(row, idle.step));
    return settled(row, wishes.length === 0 ? 'idle' : appended > 0 ? 'imported' : 'unchanged', position);
  };
}

/** Sends the row's commands in their order, up to the first that is refused: the row then has a problem. */
async function send({ row, wishes }: Evaluated, dispatch: Dispatch, context: CommandContext): Promise<Sent> {
  const sent: Sent = { position: undefined, appended: 0, isNew: false };
  for (const { step, request } of wishes) {
    const result = await dispatch(request, context);
    if (!result.ok) {
      if (result.error.kind === 'UNAVAILABLE') throw unavailable(result.error.message);
      row.problems.push(findingOf(row, step, result.error));
      break;
    }
    sent.appended += result.appended;
    sent.isNew ||= step.command.declaration.creates === true && !result.repeated;
    if (sent.position === undefined || result.position > sent.position) sent.position = result.position;
  }
  return sent;
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

const unavailable = (reason: string) =>
  importError(
    'UNAVAILABLE',
    `The import stopped: ${reason.split(';')[0]}. Start the event store, and run the same import again; what is in already is recognised.`,
  );
