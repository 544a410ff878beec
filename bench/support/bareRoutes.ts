/**
 * A process that serves two screens as one would by hand: fastify, a pool of pg, one prepared statement a screen. Its
 * answers are what GraphQL answers, so that what differs is how they are made.
 */
import { fastify } from 'fastify';
import pg from 'pg';
import { boardData, boardStatement, pageData, pageStatement } from './bareSql.ts';
import { serve } from './child.ts';

export type BareJob = { readonly postgresUrl: string };
export type BareServer = { readonly url: string };

/** As many as the app reads through. */
const CONNECTIONS = 10;

serve(async ({ postgresUrl }: BareJob): Promise<BareServer> => {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: CONNECTIONS, options: '-c timezone=UTC' });
  pool.on('error', () => undefined); // the query that runs meanwhile fails with the reason
  const app = fastify();
  app.get<{ Querystring: { after?: string } }>('/page', async ({ query }) => {
    const { rows } = await pool.query(pageStatement(query.after));
    return { data: pageData(rows) };
  });
  app.get<{ Querystring: { pipelineId: string; asOf?: string } }>('/board', async ({ query }) => {
    const { rows } = await pool.query(boardStatement(query.pipelineId, query.asOf));
    return { data: boardData(rows) };
  });
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }) };
});
