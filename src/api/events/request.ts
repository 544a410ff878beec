/** What a request for the feed asks for. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { apiError } from '../errors.ts';
import type { Wanted } from './filter.ts';

export type FeedRequest = Wanted & {
  /** Without one: from the beginning. */
  readonly after: string;
  readonly limit: number;
  /** Seconds that an answer may wait for an event to come. */
  readonly wait: number;
  /** Server-sent events instead of a page. */
  readonly streams: boolean;
};

export const MOST_EVENTS = 1_000;
const MOST_WAIT_S = 30;

const whole = (least: number, most: number, usual: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine(n => n >= least && n <= most, `must be from ${least} to ${most}`)
    .default(usual);

/** `opportunity/<id>`, as the events' subject says it. */
const Subject = z
  .string()
  .regex(/^[a-zA-Z]+\/[^/]+$/, 'must be a record type and an id: opportunity/<id>')
  .transform(text => text.split('/'));

// Strict: a parameter that is spelt wrongly would be a filter that filters nothing.
const Query = z.strictObject({
  after: z.string().default('start'),
  types: z
    .string()
    .transform(text => text.split(','))
    .optional(),
  category: z.string().optional(),
  subject: Subject.optional(),
  limit: whole(1, MOST_EVENTS, 100),
  wait: whole(0, MOST_WAIT_S, 0),
});

/** @throws a coded error that names each parameter that is wrong. */
export function feedRequestOf(request: Pick<FastifyRequest, 'query' | 'headers'>): FeedRequest {
  const result = Query.safeParse(request.query);
  if (!result.success) {
    const fields = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    const text = fields.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
    throw Object.assign(apiError(text, { code: 'VALIDATION', fields }), { statusCode: 400 });
  }
  const { after, types, category, subject, limit, wait } = result.data;
  const { accept = '', 'last-event-id': lastSeen } = request.headers;
  const streams = accept.includes('text/event-stream');
  return {
    // A reader that reconnects calls the same address, and says in the header how far it came.
    after: streams && typeof lastSeen === 'string' && lastSeen !== '' ? lastSeen : after,
    types,
    category: subject?.[0] ?? category,
    recordId: subject?.[1],
    limit,
    wait,
    streams,
  };
}
