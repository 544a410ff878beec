/** One row an event of a record: who did what, when, and by which command. Related records are joined when asked. */
import { choice, instant, json, text, uuid } from './columns.ts';
import { factModel } from './readModel.ts';

/** Streams that are no records of their own; nobody looks for them in a timeline. */
const SILENT = new Set(['reservation']);

export const timeline = factModel('timeline', {
  version: 2,
  columns: {
    recordType: text,
    recordId: uuid,
    type: text,
    occurredAt: instant,
    recordedAt: instant,
    actorType: choice('ActorType', ['user', 'apiKey', 'process', 'import']),
    actorId: text,
    commandId: text,
    correlationId: text,
    data: json<object>(),
  },
  indexes: [['recordId', 'knownFrom'], ['correlationId', 'knownFrom'], ['commandId']],
  fact: event =>
    SILENT.has(event.category)
      ? undefined
      : {
          recordType: event.category,
          recordId: event.aggregateId,
          type: event.type,
          occurredAt: event.occurredAt,
          recordedAt: event.recordedAt,
          actorType: event.actor.type,
          actorId: event.actor.id,
          commandId: event.commandId,
          correlationId: event.correlationId,
          data: event.data,
        },
});
