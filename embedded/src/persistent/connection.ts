/** A consumer of a group, at the other end of a call. */
import type { Engine } from '../engine.ts';
import { type Show, shower } from '../links.ts';
import type { Call } from '../transport.ts';
import { createRate, createTimings } from './measurements.ts';
import type { ConnectionInfo } from './responses.ts';
import type { Consumer } from './strategies.ts';

export type Connection = Consumer & {
  readonly call: Call;
  readonly show: Show;
  /** Replayed events are shown with the link by which they were parked. */
  readonly showReplayed: Show;
  /** What is sent within one turn of the event loop goes out together. */
  readonly send: (frame: Buffer) => void;
  readonly given: (id: string, now: number) => void;
  readonly answered: (id: string, now: number) => void;
  readonly info: (now: number) => ConnectionInfo;
};

export type ConnectionOptions = { readonly bufferSize: number; readonly structuredIds: boolean };

export function createConnection(
  engine: Engine,
  call: Call,
  { bufferSize, structuredIds }: ConnectionOptions,
  { resolveLinks, extraStatistics }: { readonly resolveLinks: boolean; readonly extraStatistics: boolean },
  now: number,
): Connection {
  const rate = createRate(now);
  const timings = extraStatistics ? createTimings() : undefined;
  let frames: Buffer[] = [];
  function flush(): void {
    const together = frames;
    frames = [];
    call.send(together.length === 1 ? together[0]! : Buffer.concat(together));
  }
  const connection: Connection = {
    call,
    bufferSize,
    inFlight: 0,
    show: shower(engine, { resolveLinks, structuredIds }),
    showReplayed: shower(engine, { resolveLinks: true, structuredIds }),
    send(frame) {
      if (frames.push(frame) === 1) queueMicrotask(flush);
    },
    given(id, at) {
      rate.add();
      timings?.start(id, at);
    },
    answered: (id, at) => timings?.end(id, at),
    info: at => ({
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
