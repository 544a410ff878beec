/** Which call is served by what, and how each error looks to a client. */
import { handleBatchAppend } from './batchAppends.ts';
import type { Engine } from './engine.ts';
import { type Address, handleGossip } from './gossip.ts';
import { SERVER_VERSION } from './http.ts';
import type { Groups } from './persistent/groups.ts';
import { persistentHandlers } from './persistent/service.ts';
import { answerRead } from './reads.ts';
import { readReadRequest } from './requests.ts';
import { type SupportedMethod, supportedMethods } from './responses.ts';
import { OK, refusal, STATUS } from './status.ts';
import { subscribe } from './subscriptions.ts';
import type { Handler } from './transport.ts';
import { handleAppend, handleDelete } from './writes.ts';

const STREAMS = 'event_store.client.streams.Streams';
const FEATURES = 'event_store.client.server_features.ServerFeatures';
const GOSSIP = 'event_store.client.gossip.Gossip';
const PERSISTENT = 'event_store.client.persistent_subscriptions.PersistentSubscriptions';
const PROJECTIONS = 'event_store.client.projections.Projections';

/**
 * What EventStoreDB 23.10 tells. Calls that aren't served here are in it too: a client that misses one refuses it
 * by itself, as too old a server, and would not hear our answer, which says what to do.
 */
const SUPPORTED: readonly SupportedMethod[] = [
  { service: STREAMS, method: 'Read', features: ['position', 'events'] },
  { service: STREAMS, method: 'BatchAppend', features: ['deadline_duration'] },
  ...methods(STREAMS, ['Append', 'Delete', 'Tombstone'], []),
  ...methods(
    PERSISTENT,
    ['Create', 'Update', 'Delete', 'Read', 'GetInfo', 'ReplayParked', 'List', 'RestartSubsystem'],
    ['stream', 'all'],
  ),
  { service: PROJECTIONS, method: 'Create', features: ['track_emitted_streams'] },
  ...methods(FEATURES, ['GetSupportedMethods'], []),
];

/** Finds the handler of a path such as `/event_store.client.streams.Streams/Read`. */
export function createRouter(
  engine: Engine,
  groups: Groups,
  address: () => Address,
): (path: string) => Handler {
  const handlers = new Map<string, Handler>([
    [`/${STREAMS}/Append`, handleAppend(engine)],
    [`/${STREAMS}/BatchAppend`, handleBatchAppend(engine)],
    [`/${STREAMS}/Delete`, handleDelete(engine, 'soft')],
    [`/${STREAMS}/Tombstone`, handleDelete(engine, 'hard')],
    [`/${STREAMS}/Read`, handleRead(engine)],
    [`/${FEATURES}/GetSupportedMethods`, handleFeatures],
    [`/${GOSSIP}/Read`, handleGossip(address)],
    ...[...persistentHandlers(groups)].map(([method, handler]): [string, Handler] => [
      `/${PERSISTENT}/${method}`,
      handler,
    ]),
  ]);
  return path => handlers.get(path) ?? unimplemented(path);
}

const handleRead =
  (engine: Engine): Handler =>
  call => ({
    message(bytes) {
      const request = readReadRequest(bytes);
      const { count } = request;
      if (request.stream !== undefined && request.filter) {
        throw refusal(STATUS.invalidArgument, 'Only $all can be filtered.');
      }
      if (count === undefined && request.backwards) {
        throw refusal(STATUS.invalidArgument, 'A subscription only goes forwards.');
      }
      if (count === undefined) subscribe(engine, call, request);
      else answerRead(engine, call, { ...request, count });
    },
  });

const handleFeatures: Handler = call => ({
  message() {
    call.send(supportedMethods(SERVER_VERSION, SUPPORTED));
    call.end(OK);
  },
});

const unimplemented =
  (path: string): Handler =>
  () => {
    throw refusal(
      STATUS.unimplemented,
      `The embedded EventStoreDB does not serve ${path.slice(1)}: use a real EventStoreDB for it.`,
    );
  };

function methods(service: string, names: readonly string[], features: readonly string[]): SupportedMethod[] {
  return names.map(method => ({ service, method, features }));
}
