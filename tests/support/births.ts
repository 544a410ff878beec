/** The event that begins each kind of record, as short as it can be. */
import { account } from '../../src/domain/customers/account.ts';
import { contact } from '../../src/domain/customers/contact.ts';
import type { NewEvent } from '../../src/domain/kernel/events.ts';
import { team } from '../../src/domain/people/team.ts';
import { user } from '../../src/domain/people/user.ts';
import { activity } from '../../src/domain/sales/activity.ts';
import { product } from '../../src/domain/sales/product.ts';
import { defined, opened } from './sales.ts';

export const BIRTHS: Readonly<Record<string, NewEvent>> = {
  account: account.events.AccountRegistered({ name: 'First', lifecycle: 'prospect' }),
  activity: activity.events.ActivityLogged({ subject: 'First', type: 'note' }),
  contact: contact.events.ContactCreated({ name: 'First', emails: [] }),
  opportunity: opened({ name: 'First' }),
  pipeline: { ...defined(), data: { ...defined().data, name: 'First' } },
  product: product.events.ProductIntroduced({ name: 'First' }),
  team: team.events.TeamFormed({ name: 'First', memberIds: [] }),
  user: user.events.UserInvited({ name: 'First' }),
};
