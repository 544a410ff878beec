/** What is refused before GraphQL looks at it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { apiError } from './errors.ts';

const NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;
const OPERATION_KEYS = new Set(['query', 'operationName', 'variables', 'extensions']);

/**
 * The names by which this server may be called. Without sign-in a page of another site must not reach it by a name of
 * its own that it points to 127.0.0.1.
 */
export function guardHosts(app: FastifyInstance, allowed: readonly string[]): void {
  const names = new Set(allowed);
  app.addHook('onRequest', async request => {
    if (!names.has(hostName(request.headers.host)))
      throw forbidden('this server does not answer to that host name');
  });
}

/** Node leaves the socket of an upgrade to whoever takes it; one that is refused would stay open for good. */
export function endRefusedUpgrades(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.upgrade === undefined) return;
    reply.raw.once('finish', () => request.raw.socket.destroySoon());
  });
}

/** A browser names the page that opens a WebSocket; only our own pages may. Other programs name none. */
export const isOwnOrigin = (origin: string | undefined, host: string | undefined): boolean => {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
};

/** @throws a coded error when the body is no single GraphQL request. */
export function guardOperation(request: FastifyRequest): void {
  const source = (request.method === 'GET' ? request.query : request.body) as Record<string, unknown> | null;
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw malformed('body', 'must be one JSON object with query, variables and operationName');
  for (const key of Object.keys(source)) if (!OPERATION_KEYS.has(key)) delete source[key];
  const { query, operationName, variables } = source;
  if (typeof query !== 'string' || query.trim() === '')
    throw malformed('query', 'must be the text of a GraphQL document');
  // mercurius would take a document's syntax tree in JSON, past the limit on tokens. No document begins like that.
  if (/^\s*\{\s*"/.test(query)) throw malformed('query', 'must be the text of a GraphQL document');
  if (variables !== undefined && variables !== null && request.method !== 'GET' && !isObject(variables))
    throw malformed('variables', 'must be an object');
  if (variables === null) delete source.variables;
  if (operationName === undefined || operationName === null || operationName === '')
    delete source.operationName;
  else if (typeof operationName !== 'string' || !NAME.test(operationName))
    throw malformed('operationName', 'must be a name');
  // mercurius compiles one operation for each text it is given: the name must be part of what it remembers.
  else source.query = `${query}\n#${operationName}`;
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

const hostName = (host: string | undefined): string => (host ?? '').replace(/:\d+$/, '').toLowerCase();

const malformed = (path: string, message: string) =>
  Object.assign(apiError(`${path} ${message}`, { code: 'VALIDATION', fields: [{ path, message }] }), {
    statusCode: 400,
  });

const forbidden = (message: string) =>
  Object.assign(apiError(message, { code: 'FORBIDDEN' }), { statusCode: 403 });
