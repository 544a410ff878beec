/** One row a contact, with history. */
import {
  type Affiliation,
  affiliate,
  contact,
  endAffiliation,
  presentAffiliations,
  withKnown,
} from '../domain/customers/contact.ts';
import { json, ref, refs, searchable, text, texts } from './columns.ts';
import { recordModel } from './readModel.ts';

export const contacts = recordModel('contacts', contact, {
  version: 3,
  columns: {
    name: searchable(text.personally),
    emails: searchable(texts.personally),
    verifiedEmails: texts.personally,
    phones: searchable(texts.personally),
    title: text.personally,
    locale: text.optional,
    timeZone: text.optional,
    /** Past and present. */
    affiliations: json<readonly Affiliation[]>(),
    /** Present ones only, as is the primary. */
    accountIds: refs('account'),
    primaryAccountId: ref('account').optional,
  },
  indexes: [['name'], ['ownerId'], ['accountIds'], ['emails'], ['createdAt']],
  on: {
    ContactCreated: (_, { data }) => ({ emails: data.emails, phones: data.phones ?? [], ...affiliated([]) }),
    ContactEmailAdded: (row, { data }) => ({ emails: withKnown(row.emails ?? [], data.email) }),
    ContactEmailVerified: (row, { data }) => ({
      verifiedEmails: withKnown(row.verifiedEmails ?? [], data.email),
    }),
    ContactEmailRemoved: (row, { data }) => ({
      emails: row.emails?.filter(email => email !== data.email) ?? [],
      verifiedEmails: row.verifiedEmails?.filter(email => email !== data.email) ?? [],
    }),
    ContactAffiliated: (row, { data }) => affiliated(affiliate(row.affiliations, data)),
    ContactAffiliationEnded: (row, { data }) => affiliated(endAffiliation(row.affiliations, data)),
  },
});

function affiliated(affiliations: readonly Affiliation[]) {
  const present = presentAffiliations(affiliations);
  return {
    affiliations,
    accountIds: present.map(({ accountId }) => accountId),
    primaryAccountId: present.find(({ primary }) => primary)?.accountId ?? null,
  };
}
