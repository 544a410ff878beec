/** What tools ask a server over plain HTTP, in either of its versions: whether it lives, and what it is. */

/** What it behaves as towards clients. */
export const SERVER_VERSION = '23.10.0';

export type Answer = { readonly status: number; readonly type: string; readonly body: string };

const INFO = {
  esVersion: `${SERVER_VERSION}.0`,
  state: 'leader',
  features: { projections: false, userManagement: false, atomPub: false },
  authentication: { type: 'insecure', properties: {} },
};

const UNKNOWN = text(
  404,
  'The embedded EventStoreDB does not serve this over HTTP: use a real EventStoreDB for it.',
);
const NOT_GRPC = text(415, 'What is posted here is gRPC.');
/** To who speaks TLS this is no handshake but “wrong version number”, and the sentence to who looks at the bytes. */
export const NO_TLS = text(400, 'The embedded EventStoreDB has no TLS: connect with tls=false.');

export function answerHttp(method: string | undefined, target: string | undefined): Answer {
  if (method !== 'GET' && method !== 'HEAD') return NOT_GRPC;
  const url = URL.parse(target ?? '/', 'http://localhost');
  switch (url?.pathname) {
    case '/health/live':
      return text(204, '');
    case '/info':
      return { status: 200, type: 'application/json; charset=utf-8', body: JSON.stringify(INFO) };
    default:
      return UNKNOWN;
  }
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}
