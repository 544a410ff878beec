/** Two screens of a seller's day, a page of opportunities and the board: by GraphQL, and by the bare routes. */
import { isDeepStrictEqual } from 'node:util';
import type { App } from './app.ts';
import { askGraphql } from './graphqlClient.ts';
import type { Log } from './logs.ts';
import type { HttpRequest } from './requests.ts';

/** The same content, asked for in both ways. */
export type Screen = { readonly graphql: HttpRequest; readonly bare: HttpRequest };

const PAGE = `query Page($after: String, $asOf: Moment, $knownAt: Moment) {
  opportunities(first: 50, after: $after, asOf: $asOf, knownAt: $knownAt) {
    nodes { id name status closeDate amount { amount currency } account { id name } owner { id name } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const BOARD = `query Board($pipelineId: ID!, $asOf: Moment, $knownAt: Moment) {
  pipelineBoard(pipelineId: $pipelineId, asOf: $asOf, knownAt: $knownAt) {
    columns { stage { id name category } count totals { amount currency } }
  }
}`;

const RECORD = `query Record($id: ID!, $asOf: Moment, $knownAt: Moment) {
  opportunity(id: $id, asOf: $asOf, knownAt: $knownAt) {
    id name status closeDate amount { amount currency } stage { id name } account { id name } owner { id name }
  }
}`;

const OF_ACCOUNT = `query OfAccount($id: ID!) {
  account(id: $id) {
    id name opportunities(first: 20) { nodes { id name status stage { id name } amount { amount currency } } }
  }
}`;
const OF_OWNER = `query OfOwner($id: ID!) {
  opportunities(first: 50, filter: { ownerId: { eq: $id } }) {
    nodes { id name status stage { id name } amount { amount currency } account { id name } }
  }
}`;

/** What a screen shows: today, or as it was on a day, or as it was known on it. */
export type At = { readonly asOf?: string; readonly knownAt?: string };

export const boardAt = (pipelineId: string, at: At): HttpRequest => graphql(BOARD, { pipelineId, ...at });
export const pageAt = (at: At): HttpRequest => graphql(PAGE, at);
export const recordAt = (id: string, at: At): HttpRequest => graphql(RECORD, { id, ...at });
export const ofAccount = (id: string): HttpRequest => graphql(OF_ACCOUNT, { id });
export const ofOwner = (id: string): HttpRequest => graphql(OF_OWNER, { id });

const graphql = (query: string, variables: object): HttpRequest => ({
  path: '/graphql',
  body: JSON.stringify({ query, variables }),
});

/** How far a reader scrolls, in steps of the longest page that there is. */
const SCROLL = `query Scroll($after: String) {
  opportunities(first: 500, after: $after) { pageInfo { hasNextPage endCursor } }
}`;
const PAGES = 20;

/** Pages of the list from its beginning on, some way apart. */
export async function pageScreens({ url }: App): Promise<readonly Screen[]> {
  type Scrolled = {
    readonly opportunities: {
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
    };
  };
  const screens: Screen[] = [pageScreen(null)];
  for (let after: string | null = null; screens.length < PAGES; ) {
    const { opportunities }: Scrolled = await askGraphql<Scrolled>(url, SCROLL, { after });
    if (!opportunities.pageInfo.hasNextPage) break;
    after = opportunities.pageInfo.endCursor;
    screens.push(pageScreen(after));
  }
  return screens;
}

const pageScreen = (after: string | null): Screen => ({
  graphql: graphql(PAGE, { after }),
  bare: { path: after === null ? '/page' : `/page?after=${after}` },
});

/** @param asOf a day, of which its last moment is meant; absent: now. */
export function boardScreen(pipelineId: string, asOf?: string): Screen {
  const at = asOf === undefined ? '' : `&asOf=${asOf}T23:59:59.999Z`;
  return {
    graphql: boardAt(pipelineId, { ...(asOf && { asOf }) }),
    bare: { path: `/board?pipelineId=${pipelineId}${at}` },
  };
}

/** The pipeline that all of the log's opportunities are in, and how many they are once its last event can be seen. */
export async function dealsOf(
  { url }: App,
  { position }: Log,
): Promise<{ readonly pipelineId: string; readonly opportunities: number }> {
  type Answer = {
    readonly pipelineBoard: { readonly pipeline: { readonly id: string } };
    readonly opportunities: { readonly totalCount: number };
  };
  const { pipelineBoard, opportunities } = await askGraphql<Answer>(
    url,
    `query Deals($position: Position!) {
      pipelineBoard(after: $position) { pipeline { id } } opportunities(first: 0) { totalCount }
    }`,
    { position: String(position) },
  );
  return { pipelineId: pipelineBoard.pipeline.id, opportunities: opportunities.totalCount };
}

/** @throws when a screen's two answers aren't the same: then there would be nothing to compare. */
export async function checkSame(app: App, bareUrl: URL, screens: readonly Screen[]): Promise<void> {
  for (const { graphql, bare } of screens) {
    const [one, other] = await Promise.all([answerOf(app.url, graphql), answerOf(bareUrl, bare)]);
    if (!isDeepStrictEqual(one, other))
      throw new Error(
        `${bare.path} isn't what GraphQL answers:\n${excerpt(one)}\nbut the bare route says\n${excerpt(other)}`,
      );
  }
}

async function answerOf(url: URL, { path, body }: HttpRequest): Promise<unknown> {
  const request = body === undefined ? {} : { method: 'POST', headers: JSON_BODY, body };
  return (await fetch(new URL(path, url), request)).json();
}

const JSON_BODY = { 'content-type': 'application/json' };
const excerpt = (answer: unknown): string => JSON.stringify(answer).slice(0, 1_000);
