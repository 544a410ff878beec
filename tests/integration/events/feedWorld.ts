/** The feed over HTTP on an event store of its own: commands go in, CloudEvents come out. No read model is needed. */
import { startEmbeddedEventStore } from '@relata/embedded-eventstore';
import { CloudEvent, HTTP } from 'cloudevents';
import type { FastifyInstance } from 'fastify';
import type { ServerOptions } from '../../../src/api/server.ts';
import { connectEventStore, disconnect } from '../../../src/eventstore/client.ts';
import { eventLog } from '../../../src/eventstore/log.ts';
import { carriedOut, codec, writeSide } from '../../support/writeSide.ts';
import { startStub } from '../../unit/api/stub.ts';

export type Told = CloudEvent<Record<string, unknown>>;

export type PageAnswer = {
  readonly status: number;
  readonly events: readonly Told[];
  readonly next: string;
  readonly atEnd: boolean;
  /** Where the next page is. */
  readonly link: string;
};

export async function openFeedWorld(
  options: Parameters<typeof startEmbeddedEventStore>[0] = { inMemory: true },
) {
  const store = await startEmbeddedEventStore(options);
  const client = connectEventStore(store.connectionString);
  const apps: FastifyInstance[] = [];
  const serveAt = async (port: number, more: Partial<ServerOptions> = {}) => {
    const app = await startStub({
      log: eventLog(client),
      decode: codec.decode,
      ...more,
    });
    apps.push(app);
    return { app, url: await app.listen({ host: '127.0.0.1', port }) };
  };
  const serve = (more?: Partial<ServerOptions>) => serveAt(0, more);
  const { url } = await serve();
  const writers = new Map<string, ReturnType<typeof writeSide>>();
  const writer = (workspaceId: string) => {
    const known = writers.get(workspaceId) ?? writeSide(client, { workspaceId });
    writers.set(workspaceId, known);
    return known;
  };

  return {
    url,
    store,
    client,
    /** Another server on the same log. */
    serve,
    serveAt,
    send: (name: string, input: object = {}, id?: string, workspaceId = 'default') =>
      carriedOut(writer(workspaceId).send(name, input, id === undefined ? {} : { id })),
    /** A page, as a client that others wrote reads it. */
    page: (query: string, at = url): Promise<PageAnswer> => pageAt(`${at}/events${query}`),
    /** Events of the workspace in the log, as they must be told. */
    logged: async (workspaceId = 'default') => {
      const events = [];
      for await (const { event } of client.readAll()) {
        const [decoded] = event ? await codec.decode([event]) : [];
        if (decoded?.kind === 'event' && decoded.event.workspaceId === workspaceId)
          events.push(decoded.event);
      }
      return events;
    },
    close: async () => {
      await Promise.all(apps.map(each => each.close()));
      await disconnect(client);
      await store.close();
    },
  };
}

export type FeedWorld = Awaited<ReturnType<typeof openFeedWorld>>;

export async function pageAt(address: string): Promise<PageAnswer> {
  const answer = await fetch(address);
  const headers = Object.fromEntries(answer.headers);
  const body = await answer.text();
  const read =
    answer.ok && body !== '[]' ? [HTTP.toEvent<Record<string, unknown>>({ headers, body })].flat() : [];
  const events = read.map(event => new CloudEvent(event)); // it validates
  return {
    status: answer.status,
    events,
    next: headers['relata-next'] ?? '',
    atEnd: headers['relata-end'] === 'true',
    link: /^<([^>]+)>; rel="next"$/.exec(headers.link ?? '')?.[1] ?? '',
  };
}
