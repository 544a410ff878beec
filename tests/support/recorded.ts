/** Events as they come from the log, for tests that are about few of their fields. */
import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '../../src/eventstore/envelope.ts';

let clock = Date.parse('2020-01-01T00:00:00.000Z');

/** An event with whatever is not given made up. Each is a second later than the one made before it. */
export function recorded(
  event: Partial<RecordedEvent> & Pick<RecordedEvent, 'type' | 'aggregateId'>,
): RecordedEvent {
  clock += 1_000;
  const now = new Date(clock).toISOString();
  const commandId = event.commandId ?? randomUUID();
  return {
    id: randomUUID(),
    data: {},
    stream: `thing-default.${event.aggregateId}`,
    category: 'thing',
    workspaceId: 'default',
    revision: 0,
    position: 0n,
    occurredAt: now,
    recordedAt: now,
    actor: { type: 'user', id: 'tester' },
    commandId,
    inputHash: '',
    correlationId: commandId,
    causationId: commandId,
    eventType: undefined as never, // folds never look at it
    ...event,
  };
}
