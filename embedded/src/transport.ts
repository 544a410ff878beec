/**
 * gRPC over Node's HTTP/2, without a gRPC library: the protocol is a length before each message and two trailers,
 * and doing it here lets many messages go out in one write, which is most of what a read or an append costs.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { answerHttp } from './http.ts';

/** gRPC's status codes, those that are used here. */
export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
} as const;

export type Status = {
  readonly code: number;
  readonly message: string;
  /** Trailers; EventStoreDB's clients read what went wrong from them. */
  readonly details?: Readonly<Record<string, string>>;
};

/** One call, of any kind: a client's unary request is a stream of one message here. */
export type Call = {
  /** What the client sent beside its messages, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** False when the client or the connection has gone: nothing needs to be done for it any more. */
  readonly open: () => boolean;
  /** Sends whole frames (see `frame` in wire.ts). */
  readonly send: (frames: Buffer) => void;
  /** Bytes sent that the connection hasn't taken yet: who sends much waits for `whenDrained` above some bound. */
  readonly backlog: () => number;
  readonly whenDrained: (then: () => void) => void;
  readonly whenClosed: (then: () => void) => void;
  /** Stops and restarts the flow of the client's messages. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly end: (status: Status) => void;
};

type Receiver = {
  readonly message: (bytes: Buffer) => void;
  /** The client has sent all. */
  readonly finished?: () => void;
};
/** Takes a call; throws only for what is wrong on our side. */
export type Handler = (call: Call) => Receiver;

/** Makes a status of whatever was thrown. */
export type Explain = (error: unknown) => Status;

export const OK: Status = { code: STATUS.ok, message: '' };
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;
const FRAME_HEAD_BYTES = 5;

/** Serves one request; gives its call when it is gRPC. */
export function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  route: (path: string) => Handler,
  explain: Explain,
): Call | undefined {
  stream.on('error', () => stream.destroy());
  if (!headers['content-type']?.startsWith('application/grpc')) {
    const { status, type, body } = answerHttp(headers[':method'], headers[':path']);
    stream.respond({ ':status': status, 'content-type': type });
    stream.end(body);
    return undefined;
  }
  const call = createCall(stream, headers);
  const guarded = (step: () => void): void => {
    try {
      if (call.open()) step();
    } catch (error) {
      call.end(explain(error));
    }
  };
  guarded(() => {
    const receiver = route(String(headers[':path']))(call);
    const take = messageReader(message => guarded(() => receiver.message(message)));
    stream.on('data', (chunk: Buffer) => guarded(() => take(chunk)));
    stream.on('end', () => guarded(() => receiver.finished?.()));
  });
  return call;
}

/** Cuts a flow of chunks into messages. Throws a {@link Refusal} for what can't be taken. */
function messageReader(receive: (message: Buffer) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let held = 0;
  let needed = FRAME_HEAD_BYTES;
  return chunk => {
    parts.push(chunk);
    held += chunk.length;
    if (held < needed) return;
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts);
    let at = 0;
    needed = FRAME_HEAD_BYTES;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const length = bytes.readUInt32BE(at + 1);
      if (bytes[at] !== 0) throw refusal(STATUS.unimplemented, 'Compressed messages are not supported.');
      if (length > MAX_MESSAGE_BYTES) {
        throw refusal(
          STATUS.resourceExhausted,
          `A message has ${length} bytes; at most ${MAX_MESSAGE_BYTES} are taken.`,
        );
      }
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > bytes.length) {
        needed = end - at;
        break;
      }
      receive(bytes.subarray(at + FRAME_HEAD_BYTES, end));
      at = end;
    }
    held = bytes.length - at;
    parts = held > 0 ? [bytes.subarray(at)] : [];
  };
}

/** An error that already knows its status. */
export type Refusal = Error & { readonly status: Status };
export const isRefusal = (error: unknown): error is Refusal => error instanceof Error && 'status' in error;
export function refusal(code: number, message: string, details?: Status['details']): Refusal {
  return Object.assign(new Error(message), { status: { code, message, ...(details && { details }) } });
}

const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;

function createCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Call {
  let ended = false;
  const open = (): boolean => !ended && !stream.destroyed && !stream.closed;
  let status = OK;
  function respond(): void {
    if (stream.headersSent) return;
    stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(trailers(status)));
  }
  return {
    header: name => headers[name]?.toString(),
    open,
    send(frames) {
      if (!open()) return;
      respond();
      stream.write(frames);
    },
    backlog: () => stream.writableLength,
    whenDrained(then) {
      if (stream.writableNeedDrain) stream.once('drain', then);
      else setImmediate(then);
    },
    whenClosed: then => void stream.once('close', then),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    end(last) {
      if (!open()) return;
      ended = true;
      status = last;
      if (stream.headersSent) stream.end();
      else stream.respond({ ...RESPONSE_HEADERS, ...trailers(last) }, { endStream: true });
      // What the client still sends is of no use; without this it would be kept until read.
      stream.resume();
    },
  };
}

/** Names of streams are among the details, and HTTP has only ASCII for them. */
function trailers({ code, message, details = {} }: Status): Record<string, string> {
  const encoded = Object.entries(details).map(([name, value]) => [name, percentEncode(value)]);
  return {
    'grpc-status': String(code),
    'grpc-message': percentEncode(message),
    ...Object.fromEntries(encoded),
  };
}

/** As gRPC wants it, and no more than that: clients don't decode every sign that could be encoded. */
const percentEncode = (message: string): string =>
  message.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent);
