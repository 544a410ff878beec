/**
 * A process that sends commands at fixed times, as many sellers do, and hears of the changes by GraphQL subscriptions: how
 * long it takes from a command until the record that it changed has been told, with its new content.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { serve } from './child.ts';
import { connectionPool, dataOf, graphqlRequest } from './http.ts';
import { applyPace, quantilesOf } from './load.ts';
import { type Records, SELLING, seller } from './seller.ts';
import { sightings } from './sightings.ts';
import { clock, type Pace } from './ticks.ts';

export type LiveJob = Records & Pace & { readonly url: string; readonly warmUpMs: number };
/** From the time that a command was meant to be sent, until it was answered and until its change was told. */
export type LiveFigures = {
  readonly perSecond: number;
  readonly answered: { readonly p50: number; readonly p99: number };
  readonly told: { readonly p50: number; readonly p99: number };
  /** From the command's answer, when its events are known to be appended. */
  readonly toldAfterAnswer: { readonly p50: number; readonly p99: number };
};

const CHANGES = {
  opportunity: 'id name status stage { id } amount { amount currency }',
  account: 'id name industry',
  activity: 'id subject type',
};
type Told = Readonly<Record<string, { readonly id: string; readonly position: string }>>;
type Answer = Readonly<Record<string, { readonly id: string; readonly position: string }>>;
/** Whoever hasn't been told by then never will be. */
const PATIENCE_MS = 20_000;

serve(async (job: LiveJob): Promise<LiveFigures> => {
  const url = new URL(job.url);
  const pool = connectionPool(url);
  const { saw, of } = sightings();
  const ws = new URL('/graphql', url);
  ws.protocol = 'ws';
  const client = createClient({ url: ws.href, webSocketImpl: WebSocket, retryAttempts: 0 });
  const lost = Promise.withResolvers<never>();
  for (const [name, fields] of Object.entries(CHANGES))
    client.subscribe<Told>(
      { query: `subscription { ${name}Changed { id position ${name} { ${fields} } } }` },
      {
        next: ({ data, errors }) => {
          const at = clock();
          const change = data?.[`${name}Changed`];
          if (change && !errors) saw(change.id, { position: BigInt(change.position), at });
          else lost.reject(new Error(`a change was told with errors: ${JSON.stringify(errors)}`));
        },
        error: error => lost.reject(new Error(`a subscription ended: ${JSON.stringify(error)}`)),
        complete: () => lost.reject(new Error('a subscription ended')),
      },
    );

  const nextStep = seller(SELLING, job);
  const send = async () => {
    const { query, variables, done } = nextStep();
    const answer = dataOf<Answer>(await pool.send(graphqlRequest(url, query, variables)));
    const [changed] = Object.values(answer);
    if (!changed) throw new Error('a mutation answered nothing');
    done(changed.id);
    return { answered: clock(), told: of(changed.id, BigInt(changed.position)) };
  };
  const paced = async (milliseconds: number): Promise<LiveFigures> => {
    const [answered, told, toldAfterAnswer]: [number[], number[], number[]] = [[], [], []];
    const { perSecond } = await applyPace({ perSecond: job.perSecond, milliseconds }, async meant => {
      const change = await send();
      answered.push(change.answered - meant);
      const at = await change.told;
      told.push(at - meant);
      toldAfterAnswer.push(at - change.answered);
    });
    return {
      perSecond,
      answered: quantilesOf(answered),
      told: quantilesOf(told),
      toldAfterAnswer: quantilesOf(toldAfterAnswer),
    };
  };
  /** A subscription doesn't say when it has begun: what comes in between isn't told. */
  const begun = async () => {
    for (const _ of SELLING)
      for (let heard = false; !heard; ) {
        const { told } = await send();
        heard = await Promise.race([told.then(() => true), delay(200, false)]);
      }
  };
  const late = (milliseconds: number) =>
    delay(milliseconds + PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error('a change was never told');
    });
  const figures = Promise.race([
    lost.promise,
    late(job.warmUpMs + job.milliseconds),
    begun()
      .then(() => paced(job.warmUpMs))
      .then(() => paced(job.milliseconds)),
  ]);
  try {
    return await figures;
  } finally {
    lost.promise.catch(() => undefined); // ending the client ends its subscriptions
    await client.dispose();
    await pool.close();
  }
});
