/** GraphQL on fastify by mercurius: compiled queries, one snapshot an operation, coded errors, limits. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type GraphQLSchema, lexicographicSortSchema, printSchema, specifiedRules, validate } from 'graphql';
import mercurius, { type MercuriusOptions } from 'mercurius';
import type { CommandContext } from '../commands/wish.ts';
import { documentLimits } from './documentLimits.ts';
import { formatErrors } from './formatErrors.ts';
import { guardOperation, isOwnOrigin } from './httpGuards.ts';
import type { Limits } from './limits.ts';
import { type Context, createContext, type Services } from './schema/context.ts';
import type { Connected } from './schema/subscriptionLimit.ts';

export type GraphQLOptions = {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  /** Who all requests come from, until people sign in. */
  readonly caller: CommandContext;
  readonly limits: Limits;
};

/** Documents are compiled when they come a second time. */
const COMPILE_AFTER = 1;

export async function serveGraphQL(app: FastifyInstance, options: GraphQLOptions): Promise<void> {
  const { schema, services, caller, limits } = options;
  const rules = [...specifiedRules, documentLimits(limits)];

  app.decorateRequest('operation', undefined);
  const begin = (request: FastifyRequest): Context => {
    const context = createContext(services, caller);
    (request as WithOperation).operation = context;
    return context;
  };
  // Whatever became of the request: answered, failed, timed out, or its client gone.
  const end = async (request: FastifyRequest) => (request as WithOperation).operation?.reads.session.end();
  app.addHook('onResponse', end);
  app.addHook('onRequestAbort', end);

  const settings: MercuriusOptions & Undeclared = {
    schema,
    jit: COMPILE_AFTER,
    // Rows hold ids, texts, numbers and enum words in the form in which they go out.
    compilerOptions: { disableLeafSerialization: true, disablingCapturingStackErrors: true },
    graphql: { parseOptions: { maxTokens: limits.tokens } },
    validationRules: [documentLimits(limits)],
    allowBatchedQueries: false,
    csrfPrevention: { requiredHeaders: ['mercurius-require-preflight', 'sec-websocket-key'] },
    context: begin,
    errorFormatter: (execution, context) => {
      const log = context.reply?.log ?? app.log;
      const { errors, status } = formatErrors(execution.errors ?? [], context.reply?.request.id, cause =>
        log.error({ err: cause }, 'graphql field failed'),
      );
      return {
        statusCode: execution.data ? 200 : status,
        response: { data: execution.data ?? null, errors: errors as never }, // formatted already, in the form of the answer
      };
    },
    subscription: {
      verifyClient: ({ origin, req }, answer) =>
        answer(isOwnOrigin(origin || undefined, req.headers.host), 403),
      context: () => {
        const connected: Connected = { limit: limits.subscriptionsPerConnection, open: 0 };
        return { ...createContext(services, caller), connected } as never;
      },
    },
    additionalRouteOptions: {
      schema: {}, // guardOperation says what a request is, and answers are written as they are
      handlerTimeout: limits.requestMs,
      preHandler: async (request: FastifyRequest) => guardOperation(request),
    },
  };
  await app.register(mercurius, settings);

  // Over WebSockets documents are neither measured nor validated by mercurius.
  app.graphql.addHook('preSubscriptionExecution', async (_, document) => {
    const [error] = validate(schema, document, rules);
    if (error) throw error;
  });

  const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
  app.get('/schema.graphql', async (_: FastifyRequest, reply: FastifyReply) =>
    reply.type('text/plain; charset=utf-8').send(printed),
  );
}

/** Options that mercurius has and its types lack. */
type Undeclared = { readonly compilerOptions: object; readonly additionalRouteOptions: object };

type WithOperation = FastifyRequest & { operation: Context | undefined };
