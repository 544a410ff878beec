/** SQL text and values, ready to be sent. */
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
} from 'kysely';

export type Statement = {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Under it the server keeps the plan, so that a text seen before is neither parsed nor planned again. */
  readonly name: string | undefined;
};

// Compiles only: statements are sent by a read session, on its own connection.
const compiler = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: db => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** Filters make endless texts; only the first so many are kept by each connection. */
const MAX_NAMED = 500;
const names = new Map<string, string>();

export function statementOf(fragment: RawBuilder<unknown>): Statement {
  const { sql: text, parameters } = fragment.compile(compiler);
  return { text, values: parameters.map(forPostgres), name: nameOf(text) };
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_NAMED) return known;
  const name = `q${names.size}`;
  names.set(text, name);
  return name;
}

const forPostgres = (value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
