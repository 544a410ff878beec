/** Contacts that want e-mail addresses, and who shows which in the log. */

import { type Contact, contact } from '../../../src/domain/customers/contact.ts';
import type { Aggregate } from '../../../src/domain/kernel/aggregate.ts';
import { fold } from '../../support/decider.ts';
import type { MemoryEventStore } from '../../support/memoryEventStore.ts';
import { carriedOut, codec, type WriteSide } from '../../support/writeSide.ts';

export const ANN_AT = 'ann@example.com';
export const BOB_AT = 'bob@example.com';

type Sender = Pick<WriteSide, 'send'>;

export const create = ({ send }: Sender, commandId: string, ...emails: string[]) =>
  send('createContact', { name: commandId, emails }, { commandId });
export const add = ({ send }: Sender, id: string, email: string, commandId?: string) =>
  send('addContactEmail', { email }, { id, commandId });
export const remove = ({ send }: Sender, id: string, email: string) =>
  send('removeContactEmail', { email }, { id });

/** A contact without an address. */
export const person = async (side: Sender, commandId: string) =>
  (await carriedOut(create(side, commandId))).id;

/** The live contacts that show each address, from a plain fold of their streams. */
export async function holders(store: MemoryEventStore): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const streams = new Set(store.log().map(({ streamId }) => streamId));
  for (const stream of [...streams].filter(name => name.startsWith('contact-'))) {
    const events = (await codec.decode(store.stream(stream))).map(decoded => {
      if (decoded.kind !== 'event') throw new Error(`${stream} can't be read`);
      return decoded.event;
    });
    const { state, record } = fold(contact as unknown as Aggregate<Contact>, events); // its events are not looked at
    if (record.archived) continue;
    for (const email of state.emails) found[email] = [...(found[email] ?? []), stream.split('.')[1] ?? ''];
  }
  return found;
}

/** Whether a call is for a contact's own stream, or for a reservation. */
export const isFor = (category: 'contact' | 'reservation', { stream }: { readonly stream: string }) =>
  stream.startsWith(`${category}-`);

export const reservationEvents = (store: MemoryEventStore) =>
  store.log().filter(({ streamId }) => streamId.startsWith('reservation-'));
