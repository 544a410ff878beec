/**
 * One row an event: who did what, when, why, and by which command. Related records are joined when asked. All events are
 * here, those too that stand in no record's timeline (reservations, tree heads): auditors look for them.
 */
import { choice, eventData, instant, text, uuid } from './columns.ts';
import { factModel } from './readModel.ts';

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
    causationId: text,
    data: eventData,
  },
  indexes: [
    ['recordId', 'knownFrom'],
    ['knownFrom'],
    ['type', 'knownFrom'],
    ['actorId', 'knownFrom'],
    ['correlationId', 'knownFrom'],
    ['commandId'],
    ['occurredAt', 'knownFrom'],
    ['recordedAt'],
  ],
  fact: event => ({
    recordType: event.category,
    recordId: event.aggregateId,
    type: event.type,
    occurredAt: event.occurredAt,
    recordedAt: event.recordedAt,
    actorType: event.actor.type,
    actorId: event.actor.id,
    commandId: event.commandId,
    correlationId: event.correlationId,
    causationId: event.causationId,
    data: event.data,
  }),
});
