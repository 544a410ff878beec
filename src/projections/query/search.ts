/**
 * Records by what people know of them: names, addresses, numbers. Every word must stand somewhere in a record's
 * searchable columns; what begins with the whole text comes first. Today's records are found by trigrams where Postgres
 * has them (the same ones are found without), those of a past day among all that were there on it.
 */
import { type RawBuilder, sql } from 'kysely';
import type { ReadModel } from '../readModel.ts';
import { conditionsOf } from './fetch.ts';
import { literally } from './filter.ts';
import { entityName, modelTitle } from './models.ts';
import { type Moment, rowsAt } from './moment.ts';
import { fieldNameOf, searchTexts, snake } from './names.ts';
import { invalid } from './refusal.ts';
import type { ReadSession } from './session.ts';
import { isText } from './values.ts';

export type Search = {
  readonly text: string;
  /** Searchable ones. */
  readonly models: readonly ReadModel[];
  readonly moment: Moment;
  readonly first: number;
};

export type Hit = {
  readonly recordType: string;
  readonly id: string;
  readonly name: string | null;
  /** The field in which the text was found, and what stands in it. */
  readonly field: string;
  readonly text: string;
};

export const MAX_HITS = 50;
const MAX_LENGTH = 200;
const MAX_WORDS = 8;

export const isSearchable = (model: ReadModel): boolean => searchTexts(model).length > 0;

/** @throws QueryRefusal when there is nothing to look for, or too much. */
export async function fetchHits(session: ReadSession, search: Search): Promise<readonly Hit[]> {
  const { models, first } = search;
  if (!Number.isInteger(first) || first < 1 || first > MAX_HITS)
    throw invalid('first', `must be from 1 to ${MAX_HITS}`);
  const text = search.text.trim().replace(/\s+/g, ' ');
  const words = text.split(' ');
  if (text === '' || text.length > MAX_LENGTH || words.length > MAX_WORDS || !isText(text))
    throw invalid('text', `must be text of at most ${MAX_LENGTH} characters and ${MAX_WORDS} words`);
  if (models.length === 0) return [];
  const parts = models.map(model => sql`(${inOne(session, model, search.moment, text, words, first)})`);
  const rows = await session.read(
    sql`select type, id, title, field, found from (${sql.join(parts, sql` union all `)}) hits order by rank, title, id limit ${first}`,
  );
  return (rows as readonly (readonly [string, string, string | null, string, string])[]).map(
    ([recordType, id, name, field, found]) => ({ recordType, id, name, field, text: found }),
  );
}

function inOne(
  session: ReadSession,
  model: ReadModel,
  moment: Moment,
  text: string,
  words: readonly string[],
  first: number,
): RawBuilder<unknown> {
  const texts = searchTexts(model, 't0.').map(each => ({ ...each, sql: sql.raw(each.sql) }));
  const holds = (word: string) => {
    const pattern = `%${literally(word)}%`;
    return sql`(${sql.join(
      texts.map(each => sql`${each.sql} ilike ${pattern}`),
      sql` or `,
    )})`;
  };
  const fields = texts.map(
    each => sql`(${fieldNameOf(each.column)}::text, ${each.sql}, ${rankOf(each.sql, text, words)})`,
  );
  const title = modelTitle(model);
  return sql`
    select ${entityName(model)}::text as type, t0.id, ${title ? sql.raw(`t0.${snake(title)}`) : sql`null::text`} as title,
      best.field, best.found, best.rank
    from ${rowsAt(model, moment)} t0
    cross join lateral (
      select * from (values ${sql.join(fields)}) f (field, found, rank) where found is not null order by rank limit 1
    ) best
    where ${conditionsOf(session, { model, moment }, words.map(holds))}
    order by best.rank, title, t0.id limit ${first}`;
}

/** All of the text: the whole, its beginning, a word's beginning, anywhere; then a part of it. */
function rankOf(found: RawBuilder<unknown>, text: string, words: readonly string[]): RawBuilder<unknown> {
  const all = literally(text);
  return sql`case when lower(${found}) = lower(${text}) then 0 when ${found} ilike ${`${all}%`} then 1
    when ${found} ilike ${`% ${all}%`} then 2 when ${found} ilike ${`%${all}%`} then 3
    when ${found} ilike ${`%${literally(words[0])}%`} then 4 else 5 end`;
}
