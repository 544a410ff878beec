/**
 * gRPC over Node's HTTP/2, without a gRPC library: the protocol is a length before each message and two trailers,
 * and doing it here lets many messages go out in one write, which is most of what a read or an append costs.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { answerHttp } from './http.ts';
import { explain, OK, refusal, STATUS, type Status } from './status.ts';
import { FRAME_HEAD_BYTES } from './wire.ts';

/** One call, of any kind: a client's unary request is a stream of one message here. */
export type Call = {
  /** What the client sent beside its messages, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** False when the client or the connection has gone: nothing needs to be done for it any more. */
  readonly open: () => boolean;
  /** Sends whole frames (see `frame` in wire.ts). Those of one turn of the event loop go out together. */
  readonly send: (...frames: readonly Buffer[]) => void;
  /** Bytes sent that the connection hasn't taken yet: who sends much waits for `whenDrained` above some bound. */
  readonly backlog: () => number;
  readonly whenDrained: (then: () => void) => void;
  readonly whenClosed: (then: () => void) => void;
  /** Stops and restarts the flow of the client's messages. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly end: (status: Status) => void;
  /** Ends it as failed by whatever was thrown. */
  readonly fail: (error: unknown) => void;
};

type Receiver = {
  readonly message: (bytes: Buffer) => void;
  /** The client has sent all. */
  readonly finished?: () => void;
};
/** Takes a call; throws only for what is wrong on our side. */
export type Handler = (call: Call) => Receiver;

const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

/** Serves one request; gives its call when it is gRPC. */
export function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  route: (path: string) => Handler,
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
      call.fail(error);
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

const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;

function createCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Call {
  let ended = false;
  let status = OK;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const open = (): boolean => !ended && !stream.destroyed && !stream.closed;

  function flush(): void {
    const frames = waiting;
    waiting = [];
    waitingBytes = 0;
    if (frames.length === 0 || !open()) return;
    if (!stream.headersSent) {
      stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers(trailers(status)));
    }
    stream.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  function end(last: Status): void {
    flush();
    if (!open()) return;
    ended = true;
    status = last;
    if (stream.headersSent) stream.end();
    else stream.respond({ ...RESPONSE_HEADERS, ...trailers(last) }, { endStream: true });
    // What the client still sends is of no use; without this it would be kept until read.
    stream.resume();
  }

  return {
    header: name => headers[name]?.toString(),
    open,
    send(...frames) {
      if (!open()) return;
      if (waiting.length === 0) queueMicrotask(flush);
      for (const frame of frames) {
        waiting.push(frame);
        waitingBytes += frame.length;
      }
    },
    backlog: () => waitingBytes + stream.writableLength,
    whenDrained(then) {
      flush();
      if (stream.writableNeedDrain) stream.once('drain', then);
      else setImmediate(then);
    },
    whenClosed: then => void stream.once('close', then),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    end,
    fail: error => end(explain(error)),
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
