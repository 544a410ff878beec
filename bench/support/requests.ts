/** A process that sends the same HTTP requests again and again. */
import { serve } from './child.ts';
import { openConnection, requestOf } from './http.ts';
import { applyLoad, type LoadFigures } from './load.ts';

/** With a body it is a POST. */
export type HttpRequest = { readonly path: string; readonly body?: string };

export type RequestsJob = {
  readonly url: string;
  /** Sent in turn. */
  readonly requests: readonly HttpRequest[];
  readonly connections: number;
  readonly milliseconds: number;
};

serve(async (job: RequestsJob): Promise<LoadFigures> => {
  const url = new URL(job.url);
  const requests = job.requests.map(({ path, body }) => requestOf(new URL(path, url), body));
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(url)));
  const senders = connections.map((connection, i) => {
    let next = i;
    return async () => {
      const { status, body } = await connection.send(requests[next++ % requests.length] ?? Buffer.of());
      // GraphQL says at the end whether something went wrong; a word with quotation marks stands in no record of ours.
      if (status !== 200 || body.includes('"errors"'))
        throw new Error(`${status}: ${body.toString().slice(0, 1_000)}`);
    };
  });
  const figures = await applyLoad(senders, job.milliseconds);
  await Promise.all(connections.map(connection => connection.close()));
  return figures;
});
