/**
 * A kept-alive HTTP/1.1 connection with one request at a time, and nothing that costs: the load generator shares the
 * machine with what it measures, so its own work must be small.
 */
import { connect, type Socket } from 'node:net';
import type { Closable } from './resources.ts';

export type HttpAnswer = { readonly status: number; readonly body: Buffer };
export type Connection = Closable & {
  readonly send: (request: Buffer) => Promise<HttpAnswer>;
};

/** A request's bytes, made once where it is sent again and again. */
export function requestOf(url: URL, body?: string): Buffer {
  const head = `${body === undefined ? 'GET' : 'POST'} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  if (body === undefined) return Buffer.from(`${head}\r\n`);
  const length = Buffer.byteLength(body);
  return Buffer.from(`${head}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`);
}

export const graphqlRequest = (url: URL, query: string, variables: object = {}): Buffer =>
  requestOf(new URL('/graphql', url), JSON.stringify({ query, variables }));

export async function openConnection({ hostname, port }: URL): Promise<Connection> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received: Buffer = Buffer.alloc(0);
  let waiting: { resolve: (answer: HttpAnswer) => void; reject: (error: Error) => void } | undefined;
  socket.on('data', chunk => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = parse(received);
    if (!answer) return;
    received = Buffer.alloc(0); // with one request under way nothing follows its answer
    waiting?.resolve(answer);
  });
  const lost = (error?: Error) => waiting?.reject(error ?? new Error('the server closed the connection'));
  socket.on('error', lost);
  socket.on('close', () => lost());
  return {
    send: request =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => closeSocket(socket),
  };
}

/** As many connections as there are requests under way at once. */
export function connectionPool(url: URL): Closable & { readonly send: Connection['send'] } {
  const all: Connection[] = [];
  const idle: Connection[] = [];
  return {
    send: async request => {
      const connection = idle.pop() ?? (await openConnection(url));
      if (!all.includes(connection)) all.push(connection);
      const answer = await connection.send(request);
      idle.push(connection);
      return answer;
    },
    close: async () => {
      await Promise.all(all.map(connection => connection.close()));
    },
  };
}

/** The answer, once all of it is there. */
function parse(received: Buffer): HttpAnswer | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a content-length:\n${head}`);
  const end = headEnd + 4 + Number(length);
  return received.length < end ? undefined : { status, body: received.subarray(headEnd + 4, end) };
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve()).destroy();
  });
}

/** The data of a GraphQL answer. @throws when it has errors. */
export function dataOf<T>({ status, body }: HttpAnswer): T {
  const text = body.toString();
  const { data, errors } = JSON.parse(text) as { data?: T; errors?: unknown };
  if (status !== 200 || errors || !data)
    throw new Error(`GraphQL answered ${status}: ${text.slice(0, 1_000)}`);
  return data;
}
