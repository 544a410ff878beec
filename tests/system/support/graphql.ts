/** Asking a running instance over GraphQL. */

export type Answer = {
  readonly status: number;
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors:
    | readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
    | undefined;
};

export async function ask(url: string, query: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as Omit<Answer, 'status'>; // as GraphQL over HTTP answers
  return { status: response.status, data, errors };
}

/** The data of an answer without errors. */
export async function data<T>(url: string, query: string, variables: object = {}): Promise<T> {
  const answer = await ask(url, query, variables);
  if (!answer.data || answer.errors) throw new Error(`GraphQL answered ${JSON.stringify(answer)}`);
  return answer.data as T; // the caller knows what it asked for
}
