/**
 * Contact: a person. One live contact an e-mail address; at most one primary affiliation.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { personal } from '../kernel/personal.ts';
import { ownership } from '../kernel/record.ts';
import { reject } from '../kernel/rejection.ts';
import { begun, call, part, type Undoing } from '../kernel/undo.ts';
import { EmailAddress, Id, LocalDate, PhoneNumber, Ref, Text } from '../kernel/values.ts';

const MAX_EMAILS = 20;

const details = {
  name: personal(Text(200)),
  phones: personal(z.array(PhoneNumber).max(20)).optional(),
  title: personal(Text(100)).optional(),
  /** BCP 47, such as de-DE. */
  locale: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as de-DE')
    .max(35)
    .optional(),
  /** IANA, such as Europe/Berlin. */
  timeZone: z
    .string()
    .regex(/^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/, 'must be an IANA zone such as Europe/Berlin')
    .max(60)
    .optional(),
};

const role = Text(100);

export const Affiliation = z.object({
  accountId: Id,
  role: role.nullable(),
  primary: z.boolean(),
  from: LocalDate,
  until: LocalDate.nullable(),
});
export type Affiliation = z.infer<typeof Affiliation>;

const events = defineEvents('contact', {
  ContactCreated: described('A person was added.', {
    ...details,
    ...ownership,
    emails: personal(z.array(EmailAddress).max(MAX_EMAILS)),
  }),
  ContactEmailAdded: described('The person got another e-mail address.', { email: personal(EmailAddress) }),
  ContactEmailVerified: described('Mail to this address is known to reach the person.', {
    email: personal(EmailAddress),
  }),
  ContactEmailRemoved: described('The person no longer has this e-mail address.', {
    email: personal(EmailAddress),
  }),
  ContactAffiliated: described(
    'The person works for an account, or does so in another role; a new primary affiliation replaces the old one.',
    { accountId: Id, role: role.optional(), primary: z.boolean(), from: LocalDate },
  ),
  ContactAffiliationEnded: described('The person no longer works for the account.', {
    accountId: Id,
    until: LocalDate,
  }),
});

export type Contact = {
  readonly emails: readonly string[];
  readonly verified: readonly string[];
  /** Past and present; an account stands in it at most once without an end. */
  readonly affiliations: readonly Affiliation[];
};

const define = command<Contact>();
const unknownEmail = () => reject('EMAIL_UNKNOWN', 'the contact has no such e-mail address', 'email');

export const contact = defineAggregate<Contact, typeof events>({
  category: 'contact',
  details,
  events,
  initial: { emails: [], verified: [], affiliations: [] },
  evolve: {
    ContactCreated: (_, e) => ({ emails: e.emails, verified: [], affiliations: [] }),
    ContactEmailAdded: (s, e) => ({ ...s, emails: withKnown(s.emails, e.email) }),
    ContactEmailVerified: (s, e) => ({ ...s, verified: withKnown(s.verified, e.email) }),
    ContactEmailRemoved: (s, e) => ({
      ...s,
      emails: s.emails.filter(email => email !== e.email),
      verified: s.verified.filter(email => email !== e.email),
    }),
    ContactAffiliated: (s, e) => ({ ...s, affiliations: affiliate(s.affiliations, e) }),
    ContactAffiliationEnded: (s, e) => ({ ...s, affiliations: endAffiliation(s.affiliations, e) }),
  },
  undo: {
    ContactCreated: begun,
    ContactEmailAdded: ({ email }) => part(`emails.${email}`, call('removeContactEmail', { email })),
    // What is known of an address goes with it: there is no other way to forget it.
    ContactEmailVerified: ({ email }) =>
      part(`emails.${email}`, call('removeContactEmail', { email }), call('addContactEmail', { email })),
    ContactEmailRemoved: ({ email }, s) =>
      part(
        `emails.${email}`,
        call('addContactEmail', { email }),
        ...(email !== undefined && s.verified.includes(email) ? [call('verifyContactEmail', { email })] : []),
      ),
    ContactAffiliated: (e, s) => affiliatedBack(e, presentAffiliations(s.affiliations)),
    ContactAffiliationEnded: ({ accountId }, s) => {
      const ended = presentAffiliations(s.affiliations).find(other => other.accountId === accountId);
      return {
        parts: [affiliationWith(accountId), ...(ended?.primary ? [PRIMARY] : [])],
        back: parts => (ended ? [restated(ended, parts.has(PRIMARY))] : []),
      };
    },
  },
  commands: {
    createContact: define({
      creates: true,
      description: 'Adds a person; an e-mail address belongs to one live contact only.',
      input: { ...details, ...ownership, emails: z.array(EmailAddress).max(MAX_EMAILS).optional() },
      decide: ({ emails, ...input }) => [
        events.ContactCreated({ ...input, emails: [...new Set(emails ?? [])] }),
      ],
    }),
    addContactEmail: define({
      input: { email: EmailAddress },
      decide: ({ email }, s) => {
        if (s.emails.includes(email)) return [];
        if (s.emails.length >= MAX_EMAILS)
          return reject('TOO_MANY_EMAILS', `a contact has at most ${MAX_EMAILS} e-mail addresses`, 'email');
        return [events.ContactEmailAdded({ email })];
      },
    }),
    verifyContactEmail: define({
      description: 'Says that mail to this address is known to reach the person.',
      input: { email: EmailAddress },
      decide: ({ email }, s) => {
        if (!s.emails.includes(email)) return unknownEmail();
        return s.verified.includes(email) ? [] : [events.ContactEmailVerified({ email })];
      },
    }),
    removeContactEmail: define({
      input: { email: EmailAddress },
      decide: ({ email }, s) => (s.emails.includes(email) ? [events.ContactEmailRemoved({ email })] : []),
    }),
    affiliateContact: define({
      description:
        'Says that the person works for an account. The first one is primary; a new primary replaces the old one.',
      input: {
        accountId: Ref('account'),
        role: role.optional(),
        primary: z.boolean().optional(),
        from: LocalDate.optional(),
      },
      decide: (input, s, { today }) => {
        const present = presentAffiliations(s.affiliations);
        const known = present.find(({ accountId }) => accountId === input.accountId);
        const wanted = {
          accountId: input.accountId,
          primary: input.primary ?? known?.primary ?? present.length === 0,
          from: input.from ?? known?.from ?? today,
          ...((input.role ?? known?.role) && { role: input.role ?? known?.role ?? undefined }),
        };
        const same =
          known?.primary === wanted.primary &&
          known.from === wanted.from &&
          known.role === (wanted.role ?? null);
        return same ? [] : [events.ContactAffiliated(wanted)];
      },
    }),
    endContactAffiliation: define({
      input: { accountId: Ref('account'), until: LocalDate.optional() },
      decide: ({ accountId, until }, s, { today }) => {
        const known = presentAffiliations(s.affiliations).find(
          affiliation => affiliation.accountId === accountId,
        );
        const end = until ?? today;
        if (!known) {
          const ended = s.affiliations.some(
            past => past.accountId === accountId && (!until || past.until === until),
          );
          return ended
            ? []
            : reject('NOT_AFFILIATED', 'the contact is not affiliated with this account', 'accountId');
        }
        if (end < known.from)
          return reject(
            'UNTIL_BEFORE_FROM',
            `the affiliation began on ${known.from}; it cannot end before`,
            'until',
          );
        return [events.ContactAffiliationEnded({ accountId, until: end })];
      },
    }),
  },
  unique: {
    contactEmail: {
      values: (s, record) => (record.exists && !record.archived ? s.emails : []),
      code: 'EMAIL_TAKEN',
      message: 'another contact has this e-mail address; use that contact or merge the two',
      path: 'email',
      giveUp: email => ({ command: 'removeContactEmail', input: { email } }),
    },
  },
});

/** The list with a value that is missing where its person was erased. */
export const withKnown = <T>(list: readonly T[], value: T | undefined): readonly T[] =>
  value === undefined ? list : [...list, value];

export const presentAffiliations = (list: readonly Affiliation[]) =>
  list.filter(({ until }) => until === null);

/** The list with an affiliation begun or restated; a primary one takes that mark from the others. */
export function affiliate(
  list: readonly Affiliation[],
  begun: { accountId: Id; role?: string | undefined; primary: boolean; from: LocalDate },
): readonly Affiliation[] {
  const { accountId, primary, from } = begun;
  const rest = list
    .filter(other => other.accountId !== accountId || other.until !== null)
    .map(other => (primary && other.until === null ? { ...other, primary: false } : other));
  return [...rest, { accountId, role: begun.role ?? null, primary, from, until: null }];
}

export const endAffiliation = (list: readonly Affiliation[], ended: { accountId: Id; until: LocalDate }) =>
  list.map(other =>
    other.accountId === ended.accountId && other.until === null
      ? { ...other, primary: false, until: ended.until }
      : other,
  );

const affiliationWith = (accountId: Id) => `affiliations.${accountId}`;
/** Which of them is the primary one. */
const PRIMARY = 'primaryAffiliation';

const primaryOf = (list: readonly Affiliation[]) => list.find(({ primary }) => primary)?.accountId ?? null;

const restated = ({ accountId, role: was, from }: Affiliation, primary: boolean) =>
  call('affiliateContact', { accountId, primary, from, ...(was !== null && { role: was }) });

/** To what was present before; who is primary is a part of its own, as it may be taken from another one. */
function affiliatedBack(
  begun: { accountId: Id; role?: string | undefined; primary: boolean; from: LocalDate },
  present: readonly Affiliation[],
): Undoing<Contact> {
  const { accountId, from, role: given = null } = begun;
  const own = affiliationWith(accountId);
  const before = present.find(other => other.accountId === accountId);
  const primaryBefore = primaryOf(present);
  const primaryAfter = begun.primary ? accountId : primaryBefore === accountId ? null : primaryBefore;
  const isSame = before?.from === from && before.role === given;
  const end = call('endContactAffiliation', { accountId, until: from });

  const ownBack = (primary: boolean) => {
    if (!before) return [end];
    // A role can't be taken away otherwise.
    return before.role === null && given !== null
      ? [end, restated(before, primary)]
      : [restated(before, primary)];
  };
  const primaryBack = () => {
    if (primaryBefore) return [call('affiliateContact', { accountId: primaryBefore, primary: true })];
    return before ? [call('affiliateContact', { accountId, primary: false })] : [];
  };
  return {
    parts: [...(isSame ? [] : [own]), ...(primaryAfter === primaryBefore ? [] : [PRIMARY])],
    back: (parts, now) => [
      ...(parts.has(own) ? ownBack(primaryOf(now.affiliations) === accountId) : []),
      ...(parts.has(PRIMARY) ? primaryBack() : []),
    ],
  };
}
