/** From whatever was thrown to what a client may see. What isn't known is logged whole and answered as `INTERNAL`. */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { asRefusal } from '../projections/query/refusal.ts';
import { ERROR_CODES, type ErrorExtensions } from './errors.ts';

/** An error as mercurius, graphql-js or the JIT (which has a class of its own) hand it over. */
type Thrown = {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly (string | number)[];
  readonly originalError?: unknown;
  readonly extensions?: { readonly code?: unknown };
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly errors?: readonly unknown[];
};

export type Report = (error: unknown) => void;

export type Formatted = { readonly errors: readonly GraphQLFormattedError[]; readonly status: number };

/** @param requestId named in `INTERNAL` errors, so that they can be found in the log. */
export function formatErrors(
  thrown: readonly unknown[],
  requestId: string | undefined,
  report: Report,
): Formatted {
  const known = thrown.flatMap(unwrap).map(error => ({ error, ...explain(error, requestId, report) }));
  const errors = known.map(({ error, message, extensions }): GraphQLFormattedError => {
    const { locations, path } = error;
    return { message, ...(locations && { locations }), ...(path && { path: indexed(path) }), extensions };
  });
  return { errors, status: Math.max(...known.map(({ status }) => status)) };
}

/** The same as an error to throw, where nobody formats afterwards. */
export function codedError(error: unknown, report: Report): GraphQLError {
  const { message, extensions } = explain(error as Thrown, undefined, report); // as in `unwrap`
  const { nodes, source, positions } = error as Partial<GraphQLError>;
  return new GraphQLError(message, {
    ...(nodes && { nodes }),
    ...(source && { source }),
    ...(positions && { positions }),
    extensions: { ...extensions },
  });
}

/** Several in one: errors of a document come wrapped by mercurius. What wraps others is explained as a whole. */
function unwrap(error: unknown): Thrown[] {
  const thrown = error as Thrown; // whatever it is, fields that aren't there are looked at with care
  const inner = thrown.errors ?? (thrown.originalError as Thrown | undefined)?.errors;
  const several =
    Array.isArray(inner) && inner.length > 0 && inner.every(each => each instanceof GraphQLError);
  return several ? inner.flatMap(unwrap) : [thrown];
}

/** With 503: in so many seconds it may be better. */
export const RETRY_AFTER_S = '1';

type Explained = { readonly message: string; readonly extensions: ErrorExtensions; readonly status: number };

function explain(error: Thrown, requestId: string | undefined, report: Report): Explained {
  const cause = rootOf(error);
  const coded = (cause as Thrown | undefined)?.extensions ?? error.extensions;
  if (isPublished(coded))
    return { message: error.message, extensions: coded, status: statusOf(cause) ?? statusFor(coded) };

  const refusal = asRefusal(cause);
  if (refusal) return { message: error.message, extensions: refusal, status: 200 };

  const transport = fromTransport(cause as Thrown);
  if (transport) return transport;
  if (isUnavailable(cause as Thrown)) {
    report(cause);
    const message = 'a store does not answer, or took too long; ask again';
    return { message, extensions: { code: 'UNAVAILABLE' }, status: 503 };
  }
  if (isAboutDocument(error, cause)) {
    const code = /tokens\. Parsing aborted/.test(error.message) ? 'TOO_COMPLEX' : 'VALIDATION';
    return { message: error.message, extensions: { code, ...fieldsOf(error.message, code) }, status: 400 };
  }
  report(cause);
  const message = 'something went wrong in Relata itself';
  return { message, extensions: { code: 'INTERNAL', ...(requestId && { requestId }) }, status: 200 };
}

/** Of what `httpGuards.ts` refuses. */
function statusOf(cause: unknown): number | undefined {
  const status = (cause as Thrown | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

const statusFor = ({ code }: ErrorExtensions) => (code === 'UNAVAILABLE' ? 503 : 200);

const isPublished = (extensions: unknown): extensions is ErrorExtensions =>
  typeof extensions === 'object' &&
  extensions !== null &&
  'code' in extensions &&
  typeof extensions.code === 'string' &&
  extensions.code in ERROR_CODES;

function rootOf(error: unknown): unknown {
  let root = error;
  for (let next = root; next; next = (next as Thrown).originalError) root = next;
  return root;
}

/** fastify's and mercurius's own refusals, before anything is executed. */
function fromTransport({ code, statusCode, message }: Thrown): Explained | undefined {
  if (code === 'MER_ERR_GQL_CSRF_PREVENTION')
    return { message, extensions: { code: 'FORBIDDEN' }, status: 403 };
  if (typeof code !== 'string' || !/^(FST_|MER_)/.test(code) || typeof statusCode !== 'number')
    return undefined;
  return statusCode >= 400 && statusCode < 500
    ? { message, extensions: { code: 'VALIDATION' }, status: statusCode }
    : undefined;
}

/** Postgres: cancelled by its timeout (57014), shutting down, short of something; or no connection at all. */
const isUnavailable = ({ code, message }: Thrown): boolean =>
  (typeof code === 'string' && /^(57|53|08)|^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH)/.test(code)) ||
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/.test(
    message,
  );

/**
 * Syntax, validation and coercion errors have no cause but themselves. So has a null where none may be, and that one is
 * ours: it happened during execution, which a path tells, and doesn't speak of an argument or variable.
 */
const isAboutDocument = (error: Thrown, cause: unknown): boolean =>
  (cause === error || cause instanceof GraphQLError) &&
  (error instanceof GraphQLError || error.locations !== undefined) &&
  (error.path === undefined || /^(Argument|Variable) "/.test(error.message));

/** `Variable "$input" got invalid value … at "input.amount"; …` names the path in its text alone. */
function fieldsOf(message: string, code: string) {
  if (code !== 'VALIDATION') return {};
  const path = /at "([^"]+)"/.exec(message)?.[1] ?? /^(?:Variable|Argument) "\$?([^"]+)"/.exec(message)?.[1];
  return path === undefined ? {} : { fields: [{ path: path.replace(/\[(\d+)\]/g, '.$1'), message }] };
}

/** The JIT gives list indexes as text. */
const indexed = (path: readonly (string | number)[]) =>
  path.map(part => (typeof part === 'string' && /^\d+$/.test(part) ? Number(part) : part));
