/** A consumer of a group, at the other end of a call. */
import type { Engine } from '../engine.ts';
import { shower } from '../links.ts';
import type { Call } from '../transport.ts';
import type { Settings } from './definition.ts';
import { createRate, createTimings } from './measurements.ts';
import type { ConnectionInfo } from './responses.ts';

export type Connection = ReturnType<typeof createConnection>;
export type ConnectionOptions = { readonly bufferSize: number };

export function createConnection(
  engine: Engine,
  call: Call,
  { bufferSize }: ConnectionOptions,
  { resolveLinkTos: resolveLinks, extraStatistics }: Settings,
  now: number,
) {
  const rate = createRate(now);
  const timings = extraStatistics ? createTimings() : undefined;
  const connection = {
    call,
    bufferSize,
    inFlight: 0,
    show: shower(engine, { resolveLinks }),
    /** Replayed events are shown with the link by which they were parked. */
    showReplayed: shower(engine, { resolveLinks: true }),
    given(id: string, at: number): void {
      rate.add();
      timings?.start(id, at);
    },
    answered: (id: string, at: number): void => timings?.end(id, at),
    info: (at: number): ConnectionInfo => ({
      // Who connects to a server without security, whatever credentials it sends.
      username: 'system',
      name: call.header('connection-name') ?? '<unknown>',
      items: rate.read(at),
      measurements: timings?.read() ?? [],
      availableSlots: bufferSize - connection.inFlight,
      inFlight: connection.inFlight,
    }),
  };
  return connection;
}
