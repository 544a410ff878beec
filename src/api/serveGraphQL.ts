/** GraphQL on fastify by mercurius: compiled queries, one snapshot an operation, coded errors, limits. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  lexicographicSortSchema,
  printSchema,
  specifiedRules,
  validate,
} from 'graphql';
import mercurius, { type MercuriusOptions } from 'mercurius';
import type { CommandContext } from '../commands/wish.ts';
import { documentLimits } from './documentLimits.ts';
import { apiError } from './errors.ts';
import { codedError, formatErrors, RETRY_AFTER_S } from './formatErrors.ts';
import { guardOperation, isOwnOrigin } from './httpGuards.ts';
import type { Limits } from './limits.ts';
import type { OperationKind } from './metrics.ts';
import { parkedErrors } from './parkedErrors.ts';
import { type Context, createContext, endOperation, type Services } from './schema/context.ts';
import { type Connected, endSubscriptions } from './schema/subscriptionLimit.ts';
import { prepareVariables } from './variables.ts';

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

  const kinds = new WeakMap<FastifyReply, OperationKind>();

  const begin = (_: FastifyRequest, reply: FastifyReply): Context => {
    const context = createContext(services, caller);
    const begun = performance.now();
    // Not fastify's handlerTimeout: it aborts a signal at the end of every request, which costs more than a decision.
    const timer = setTimeout(() => reply.sent || reply.send(tookTooLong()), limits.requestMs);
    // Whatever became of the request: answered, failed, timed out, or its client gone in the midst of it.
    reply.raw.once('close', () => {
      clearTimeout(timer);
      endOperation(context);
      services.observer?.answered(kinds.get(reply) ?? 'refused', (performance.now() - begun) / 1_000);
    });
    return context;
  };

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
      const statusCode = execution.data ? 200 : status;
      if (statusCode === 503) context.reply?.header('retry-after', RETRY_AFTER_S);
      return {
        statusCode,
        response: { data: execution.data ?? null, errors: errors as never }, // formatted already, in the form of the answer
      };
    },
    subscription: {
      verifyClient: ({ origin, req }, answer) =>
        answer(isOwnOrigin(origin || undefined, req.headers.host), 403),
      context: () => {
        const connected: Connected = { limit: limits.subscriptionsPerConnection, open: new Set() };
        return { ...createContext(services, caller), connected } as never;
      },
    },
    additionalRouteOptions: {
      schema: {}, // guardOperation says what a request is, and answers are written as they are
      preHandler: async (request: FastifyRequest) => {
        // An upgrade to a WebSocket comes by this route too; its documents come later.
        if (!('ws' in request && request.ws === true)) guardOperation(request);
      },
    },
  };
  await app.register(mercurius, settings);
  app.graphql.addHook('preExecution', async (_schema, document, { reply }, variables) => {
    if (reply) kinds.set(reply, kindOf(document));
    return prepareVariables(schema, document, variables ?? {});
  });

  // Over WebSockets documents are neither measured nor validated by mercurius, nor are its refusals coded.
  app.graphql.addHook('preSubscriptionExecution', async (_, document) => {
    if (!document.loc) throw apiError('query must be the text of a GraphQL document', { code: 'VALIDATION' });
    const [error] = validate(schema, document, rules);
    if (error) throw codedError(error, cause => app.log.error({ err: cause }, 'subscription failed'));
  });
  app.graphql.addHook<Partial<Context>>('onSubscriptionConnectionClose', endSubscriptions);
  app.graphql.addHook('onSubscriptionResolution', async (execution, context) => {
    const { reads } = context as unknown as Context; // made above
    if (reads.parked.size > 0)
      execution.errors = [...(execution.errors ?? []), ...parkedErrors(reads.parked)] as never; // mercurius's own type of the list
  });

  const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
  app.get('/schema.graphql', async (_: FastifyRequest, reply: FastifyReply) =>
    reply.type('text/plain; charset=utf-8').send(printed),
  );
}

/** Of several operations in one document, of which one is named, the first: those who count need no more. */
const kindOf = ({ definitions }: DocumentNode): OperationKind =>
  definitions.find(each => each.kind === Kind.OPERATION_DEFINITION)?.operation ?? 'refused';

const tookTooLong = () =>
  Object.assign(apiError('the request took too long; ask for less', { code: 'UNAVAILABLE' }), {
    statusCode: 503,
  });

/** Options that mercurius has and its types lack. */
type Undeclared = { readonly compilerOptions: object; readonly additionalRouteOptions: object };
