/** GraphQL for preparing and checking; load goes through `http.ts`. */
export async function askGraphql<T>(url: URL, query: string, variables: object = {}): Promise<T> {
  const answer = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await answer.json()) as { data?: T; errors?: unknown };
  if (errors || !data) throw new Error(`GraphQL answered ${answer.status}: ${JSON.stringify(errors)}`);
  return data;
}
