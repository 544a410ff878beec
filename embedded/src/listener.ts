/**
 * The port: gRPC comes over HTTP/2 without TLS, tools ask over HTTP/1.1 or HTTP/2, and all of them at the same port.
 * Which of them a connection speaks is seen from its first bytes.
 */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { storeError } from './errors.ts';
import { answerHttp, NO_TLS } from './http.ts';
import type { Maintenance } from './maintenance.ts';
import { STATUS } from './status.ts';
import { type Call, type Handler, serve } from './transport.ts';

export type Server = { readonly port: number; close(): Promise<void> };

const WINDOW_BYTES = 4 * 1024 * 1024;
const CLOSE_GRACE_MS = 1_000;
/** How HTTP/2 begins; https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const PREFACE = 'PRI';
const TLS_HANDSHAKE = 0x16;
const MAINTENANCE = '/maintenance/';

/** Serves on a port (0: a free one). `route` finds the handler of a path, and always returns one. */
export async function listen(
  host: string,
  port: number,
  route: (path: string) => Handler,
  maintain: Maintenance,
): Promise<Server> {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const calls = new Set<Call>();
  const http1 = plainHttp(maintain);
  const http2 = grpc(sessions, calls, route);
  const refuseTls = tlsRefusal();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    identify(socket, begin => {
      const isHttp2 = begin.toString('latin1').startsWith(PREFACE);
      if (begin[0] === TLS_HANDSHAKE) refuseTls(socket);
      else (isHttp2 ? http2 : http1).emit('connection', socket);
      // HTTP/2 reads beneath the socket, and has taken what was put back.
      if (!isHttp2) socket.resume();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(explainListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    // A TCP server's address is always an AddressInfo.
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>(resolve => void server.close(() => resolve()));
      for (const call of calls)
        call.end({ code: STATUS.unavailable, message: 'The event store is being stopped.' });
      for (const session of sessions) session.close();
      http1.closeAllConnections();
      const grace = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, CLOSE_GRACE_MS);
      await closed;
      clearTimeout(grace);
    },
  };
}

/** Waits for enough bytes to tell what is spoken, and puts them back. */
function identify(socket: Socket, then: (begin: Buffer) => void): void {
  let begin = Buffer.alloc(0);
  socket.on('data', function look(chunk: Buffer) {
    begin = Buffer.concat([begin, chunk]);
    if (begin.length < PREFACE.length && PREFACE.startsWith(begin.toString('latin1'))) return;
    socket.off('data', look);
    socket.pause();
    socket.unshift(begin);
    then(begin);
  });
}

function grpc(
  sessions: Set<ServerHttp2Session>,
  calls: Set<Call>,
  route: (path: string) => Handler,
): Http2Server {
  const server = createHttp2Server({
    settings: { initialWindowSize: WINDOW_BYTES },
    // Megabytes a session may hold; a slow reader is bounded by the sender, not by cutting its connection.
    maxSessionMemory: 256,
    // Cancelling a read or a subscription resets its stream. Node takes many of those for an attack by default.
    streamResetBurst: 1_000_000,
    streamResetRate: 100_000,
  });
  server.on('session', session => {
    sessions.add(session);
    session.setLocalWindowSize(4 * WINDOW_BYTES);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    const call = serve(stream, headers, route);
    if (!call) return;
    calls.add(call);
    call.whenClosed(() => calls.delete(call));
  });
  return server;
}

function plainHttp(maintain: Maintenance): HttpServer {
  return createHttpServer(async (request, response) => {
    const { method, url = '/', headers } = request;
    const { status, type, body } =
      method === 'POST' && url.startsWith(MAINTENANCE)
        ? await maintain(url, headers.authorization, () => text(request))
        : answerHttp(method, url);
    response.writeHead(status, { 'content-type': type }).end(body);
  });
}

/** There is nothing to shake hands with: a plain sentence, and once one where the operator sees it. */
function tlsRefusal(): (socket: Socket) => void {
  let isSaid = false;
  return socket => {
    const { status, type, body } = NO_TLS;
    socket.end(
      `HTTP/1.1 ${status} Bad Request\r\ncontent-type: ${type}\r\nconnection: close\r\n\r\n${body}\n`,
    );
    if (!isSaid) process.emitWarning(`A client tried TLS. ${body}`);
    isSaid = true;
  };
}

function explainListen(error: unknown, host: string, port: number): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return storeError(
      'PORT_IN_USE',
      `Port ${port} of ${host} is in use: choose another port, or 0 for a free one.`,
      error,
    );
  }
  return storeError('UNEXPECTED', `Port ${port} of ${host} can't be listened on: ${String(error)}`, error);
}
