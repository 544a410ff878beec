/** Little commands and questions that tests need a running instance to answer. */
import { data } from './graphql.ts';

export type Recorded = { readonly id: string; readonly position: string };

/** A new account; its position is what `after` takes. */
export async function registerAccount(url: string, name: string): Promise<Recorded> {
  const document = `mutation ($name: String!) { registerAccount(input: { name: $name }) { id position } }`;
  const { registerAccount: account } = await data<{ registerAccount: Recorded }>(url, document, { name });
  return account;
}

/** Its name as the read models have it, once they show the position. */
export async function nameOf(url: string, { id, position }: Recorded): Promise<string | undefined> {
  const document = `query ($id: ID!, $position: Position) { account(id: $id, after: $position) { name } }`;
  const { account } = await data<{ account: { name: string } | null }>(url, document, { id, position });
  return account?.name;
}

/** How many there are of everything. */
export async function totals(url: string): Promise<Readonly<Record<string, number>>> {
  const document = `{
    accounts { totalCount } contacts { totalCount } opportunities { totalCount } activities { totalCount }
    products { totalCount } users { totalCount } teams { totalCount } pipelines { totalCount }
  }`;
  const counts = await data<Record<string, { totalCount: number }>>(url, document);
  return Object.fromEntries(Object.entries(counts).map(([name, { totalCount }]) => [name, totalCount]));
}

export type Readyz = {
  readonly status: string;
  readonly parts: Readonly<
    Record<string, { readonly ok: boolean; readonly lasting?: boolean; readonly message?: string }>
  >;
};

export async function readyz(url: string): Promise<{ status: number; body: Readyz }> {
  const answer = await fetch(new URL('/readyz', url));
  return { status: answer.status, body: (await answer.json()) as Readyz }; // as api/health.ts answers
}
