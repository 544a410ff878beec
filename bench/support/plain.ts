/**
 * Events as 0.1.0 wrote them, with personal fields in the clear: a log that is made here has no keys, and a million
 * events need none for what is measured with them. The program reads both kinds.
 */
import type { Catalog } from '../../src/eventstore/catalog.ts';
import type { KeySource } from '../../src/eventstore/personal/keySource.ts';

/** The same event types, none of whose fields is marked personal. */
export const withoutMarks = (catalog: Catalog): Catalog => ({
  ...catalog,
  eventTypes: new Map(
    [...catalog.eventTypes].map(([name, eventType]) => [name, { ...eventType, personal: new Map() }]),
  ),
});

export const noKeys: KeySource = {
  forWriting: async () => new Map(),
  forReading: async () => ({ keys: new Map(), erased: new Set() }),
};
