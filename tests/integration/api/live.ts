/** A server with small limits for WebSockets, a client that others wrote, and who listens to the read side at present. */
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { byWorkspace } from '../../../src/app/visibility.ts';
import { until } from './until.ts';
import { type Answer, openWorld } from './world.ts';

export const ONE =
  'subscription One($id: ID) { opportunityChanged(id: $id) { id position opportunity { name status revision } } }';

const STAGES = [{ name: 'New' }, { name: 'Won', category: 'won' }, { name: 'Lost', category: 'lost' }];
const LIMITS = { subscriptionsPerConnection: 3, depth: 6, aliases: 2, tokens: 200, cost: 2_000 };

type Variables = Record<string, unknown>;
type Refused = { readonly message: string; readonly extensions?: object };

export async function openLive() {
  const world = await openWorld();
  const { id: pipelineId } = await world.send('definePipeline', { name: 'Sales', stages: STAGES });
  await world.send('chooseDefaultPipeline', { pipelineId });
  await world.shown();
  const visibility = byWorkspace(world.visibility);
  const listening = new Set<object>();
  const app = await world.serve({
    limits: LIMITS,
    visibility: {
      ...visibility,
      onChange: listener => {
        listening.add(listener);
        const stop = visibility.onChange(listener);
        return () => {
          listening.delete(listener);
          stop();
        };
      },
    },
  });
  const url = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws');
  const connect = () => createClient({ url: `${url}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
  let client = connect();

  return {
    world,
    url,
    listening,
    /** Begun once this resolves; `next` is the next change that is told. */
    subscribe: async (query: string, variables: Variables = {}) => {
      const before = listening.size;
      const told: Answer[] = [];
      let wake: (() => void) | undefined;
      const next = (value: unknown) => {
        told.push(value as Answer); // of the server's form
        wake?.();
      };
      const unheard = () => undefined;
      const end = client.subscribe({ query, variables }, { next, error: unheard, complete: unheard });
      await until(() => listening.size > before);
      return {
        next: async () => {
          while (told.length === 0)
            await new Promise<void>(resolve => {
              wake = resolve;
            });
          return told.shift() as Answer; // there is one
        },
        end,
      };
    },
    /** The errors with which it is refused. */
    refused: (query: string, variables: Variables = {}) =>
      new Promise<readonly Refused[]>((resolve, reject) => {
        client.subscribe(
          { query, variables },
          {
            next: value => reject(new Error(JSON.stringify(value))),
            error: error => resolve(error as readonly Refused[]), // what the protocol says
            complete: () => reject(new Error('it was not refused')),
          },
        );
      }),
    /** Ends what a test has begun; the next one has a connection of its own. */
    reconnect: async () => {
      await client.dispose();
      client = connect();
      await until(() => listening.size === 0);
    },
    close: async () => {
      await client.dispose();
      await world.close();
    },
  };
}

export type Live = Awaited<ReturnType<typeof openLive>>;
