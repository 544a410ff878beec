/** The demo's accounts, the trees that some of them form, and the people who work there. */
import { moneyIn, PAST_DAYS, USERS } from './house.ts';
import { daysAgo, laterBy, onDay, type Setting, type Story, storyOf, type Told } from './story.ts';
import { COMPANY_STEMS, FIRST_NAMES, INDUSTRIES, LAST_NAMES, PLACES, TITLES } from './words.ts';

export const CONTACTS_EACH = 3;

/** Child → parent, by number. */
const PARENTS = [
  [1, 0],
  [2, 0],
  [3, 1],
  [11, 10],
  [12, 10],
  [13, 10],
  [21, 20],
] as const;

export type Customer = {
  readonly n: number;
  readonly name: string;
  readonly domain: string;
  readonly ownerN: number;
  readonly place: (typeof PLACES)[number];
  /** Days before today. */
  readonly knownForDays: number;
  readonly since: Date;
  readonly input: object;
};

export function inventCustomers(setting: Setting): readonly Customer[] {
  const { random, ids } = setting;
  return COMPANY_STEMS.map((stem, n) => {
    const industry = random.pick(INDUSTRIES);
    const place = random.pick(PLACES);
    const ownerN = random.int(0, USERS - 1);
    const employees = random.int(8, 90) * random.pick([1, 1, 2, 10, 40]);
    // Most were there at the beginning; the others came in the months since.
    const knownForDays = PAST_DAYS + (n % 4 === 0 ? -random.int(20, 300) : random.int(0, 9));
    const name = `${stem} ${industry.suffix}`;
    const domain = `${stem.toLowerCase()}.example`;
    const input = {
      name,
      domain,
      industry: industry.name,
      employees,
      annualRevenue: moneyIn(place.currency, employees * random.int(90, 260) * 1000),
      foundedYear: random.int(1890, 2019),
      addresses: [{ kind: 'office', city: place.city, country: place.country }],
      ownerId: ids.record('user', ownerN),
    };
    return { n, name, domain, ownerN, place, knownForDays, since: daysAgo(setting, knownForDays), input };
  });
}

/** @param firstWins when each account that has bought became a customer, by its number. */
export function tellAccounts(
  setting: Setting,
  customers: readonly Customer[],
  firstWins: ReadonlyMap<number, Date>,
): Story[] {
  return customers.map(({ n, input, since }) => {
    const won = firstWins.get(n);
    const told: Told[] = [{ name: 'registerAccount', input, at: since }];
    if (won) told.push({ name: 'changeAccountLifecycle', input: { lifecycle: 'customer' }, at: won });
    return storyOf(setting, 'account', n, told);
  });
}

/** At the present, as all changes of the one tree that every account shares. */
export const tellTree = (setting: Setting): Story[] =>
  PARENTS.map(([child, parent]) => [
    {
      name: 'setAccountParent',
      commandId: setting.ids.command('accountTree', child, 'parent'),
      input: {
        accountId: setting.ids.record('account', child),
        parentId: setting.ids.record('account', parent),
      },
    },
  ]);

export function tellContacts(setting: Setting, customers: readonly Customer[]): Story[] {
  const { random, ids } = setting;
  return customers.flatMap(({ n, domain, ownerN, place, since }) =>
    Array.from({ length: CONTACTS_EACH }, (_, i) => {
      const number = n * CONTACTS_EACH + i;
      const first = FIRST_NAMES[(number * 7) % FIRST_NAMES.length];
      const last = LAST_NAMES[(number * 11) % LAST_NAMES.length];
      const title = random.pick(TITLES);
      const at = laterBy(since, random.int(1, 48) * 3_600_000);
      const input = {
        name: `${first} ${last}`,
        emails: [`${first}.${last}@${domain}`.toLowerCase()],
        // 030 23125 000–999: reserved for fiction by Germany's regulator
        ...(random.happens(0.7) && { phones: [`+493023125${String(number).padStart(3, '0')}`] }),
        title,
        locale: place.locale,
        timeZone: place.timeZone,
        ownerId: ids.record('user', ownerN),
      };
      const affiliation = { accountId: ids.record('account', n), role: title, from: onDay(at) };
      return storyOf(setting, 'contact', number, [
        { name: 'createContact', input, at },
        { name: 'affiliateContact', input: affiliation, at },
      ]);
    }),
  );
}
