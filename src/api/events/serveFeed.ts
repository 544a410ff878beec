/** `GET /events`: pages of CloudEvents, or server-sent events, from any place in the log on. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { apiError } from '../errors.ts';
import { isOwnOrigin } from '../httpGuards.ts';
import type { Limits } from '../limits.ts';
import { CLOUD_EVENTS_BATCH, toCloudEvent } from './cloudEvent.ts';
import { type Cursor, printCursor } from './cursor.ts';
import { eventStream } from './eventStream.ts';
import type { EventFeed, FeedPage } from './feed.ts';
import type { Filter } from './filter.ts';
import { feedRequestOf } from './request.ts';

export type FeedServing = {
  readonly feed: EventFeed;
  readonly workspaceId: string;
  readonly limits: Pick<Limits, 'eventStreams' | 'heartbeatMs'>;
  /** Aborts when the server begins to close: streams end, and their readers come again elsewhere. */
  readonly closing: AbortSignal;
  /** Hears of each stream that opens. @returns whom to tell that it is over. */
  readonly onStream?: (() => () => void) | undefined;
};

export function serveFeed(app: FastifyInstance, serving: FeedServing): void {
  const { feed, workspaceId, limits, closing } = serving;
  let streams = 0;

  app.get('/events', async (request, reply) => {
    guardOrigin(request);
    const asked = feedRequestOf(request);
    const filter = feed.filter(workspaceId, asked);
    const left = readerLeft(reply);
    const over = AbortSignal.any([closing, left]);
    const after = await feed.place(asked.after);
    reply.header('cache-control', 'no-store');
    if (asked.streams) {
      countUntil(left);
      return stream(request, reply, after, feed.follow(after, filter, over));
    }
    const page = await pageOrWait(feed, after, filter, asked.limit, asked.wait, over);
    return reply
      .headers({
        link: `<${nextUrl(request, page.next)}>; rel="next"`,
        'relata-next': printCursor(page.next),
        'relata-end': String(page.atEnd),
      })
      .type(CLOUD_EVENTS_BATCH)
      .send(JSON.stringify(page.events.map(each => toCloudEvent(each, originOf(request)))));
  });

  function countUntil(left: AbortSignal): void {
    if (streams >= limits.eventStreams) throw tooManyStreams(limits.eventStreams);
    if (left.aborted) return;
    streams += 1;
    const closed = serving.onStream?.();
    left.addEventListener('abort', () => {
      streams -= 1;
      closed?.();
    });
  }

  function stream(
    request: FastifyRequest,
    reply: FastifyReply,
    after: Cursor,
    steps: ReturnType<EventFeed['follow']>,
  ) {
    const text = eventStream({
      steps,
      after,
      origin: originOf(request),
      heartbeatMs: limits.heartbeatMs,
      onFailure: err => request.log.error({ err }, 'event stream failed'),
    });
    // It takes from the generator only what the connection takes from it.
    return reply
      .header('x-accel-buffering', 'no')
      .type('text/event-stream; charset=utf-8')
      .send(Readable.from(text));
  }
}

/** A page; one that would be empty at the end of the log waits for something to come. */
async function pageOrWait(
  feed: EventFeed,
  after: Cursor,
  filter: Filter,
  limit: number,
  waitS: number,
  over: AbortSignal,
): Promise<FeedPage> {
  const page = await feed.page(after, filter, limit);
  if (waitS === 0 || page.events.length > 0 || !page.atEnd) return page;
  let next = page.next;
  const patience = AbortSignal.any([over, AbortSignal.timeout(waitS * 1_000)]);
  for await (const step of feed.follow(next, filter, patience)) {
    if (step.events.length > 0) return feed.page(next, filter, limit);
    next = step.next;
  }
  return { events: [], next, atEnd: true };
}

function readerLeft(reply: FastifyReply): AbortSignal {
  const over = new AbortController();
  reply.raw.once('close', () => over.abort());
  return over.signal;
}

const originOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`;

/** The same question, further on. */
function nextUrl(request: FastifyRequest, next: Cursor): string {
  const url = new URL(request.url, 'http://localhost');
  url.searchParams.set('after', printCursor(next));
  return url.pathname + url.search;
}

/** A page of another site can't read the answers, and must not keep streams open either. */
function guardOrigin({ headers }: FastifyRequest): void {
  if (headers['sec-fetch-site'] === 'cross-site' || !isOwnOrigin(headers.origin, headers.host))
    throw Object.assign(apiError('a page of another site may not read the feed', { code: 'FORBIDDEN' }), {
      statusCode: 403,
    });
}

const tooManyStreams = (limit: number) =>
  Object.assign(
    apiError(`there are ${limit} event streams already; end some, or ask for pages`, {
      code: 'UNAVAILABLE',
      details: { limit },
    }),
    { statusCode: 503 },
  );
