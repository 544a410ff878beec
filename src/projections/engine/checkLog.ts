/** Whether the log is the one that a checkpoint was made on, and reaches as far. */
import { projectionError } from './failure.ts';
import { comparePoints, type EventSource, type LogPoint } from './source.ts';

/** @returns the log's last event. @throws a failure that says what to do when it is another or an older log. */
export async function checkLog(
  source: Pick<EventSource, 'idAt' | 'end'>,
  checkpoint: LogPoint | undefined,
): Promise<LogPoint | undefined> {
  const end = await source.end();
  if (!checkpoint) return end;
  if (comparePoints(end, checkpoint) < 0)
    throw refusal(
      checkpoint,
      `the event store ends at ${end ? `position ${end.commit}` : 'its beginning'}, before it: it was restored from an older backup, or is another one`,
    );
  const id = await source.idAt(checkpoint);
  if (id !== checkpoint.eventId)
    throw refusal(
      checkpoint,
      `the event store has ${id ? `event ${id}` : 'no event'} there: it is another log`,
    );
  return end;
}

const refusal = ({ commit, eventId }: LogPoint, found: string) =>
  projectionError({
    code: 'OTHER_LOG',
    message:
      `The read models have read up to event ${eventId} at position ${commit}, and ${found}. ` +
      `Connect the event store that belongs to this database; or, if this log is the right one, empty the database (drop schemas relata and crm), and start again: the read models are built anew from the log.`,
    position: commit,
  });
