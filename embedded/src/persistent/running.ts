/**
 * A group at work: reads its source into the state of group.ts, sends what that delivers, and keeps what it parks.
 * History and live events come by the same cursor, which is woken by commits.
 */
import { PAGE } from '../delivery.ts';
import type { Engine } from '../engine.ts';
import { sourceStream } from '../links.ts';
import { idOf } from '../record.ts';
import { explain, isRefusal, type Status } from '../status.ts';
import { RECORD, type Row } from '../store.ts';
import type { Call } from '../transport.ts';
import { openCheckpoints } from './checkpoints.ts';
import type { Configured } from './config.ts';
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import { keyOf } from './definition.ts';
import { dropped, maximumReached } from './errors.ts';
import { createGroup, type Entry, type Message, type NackAction } from './group.ts';
import { createRate } from './measurements.ts';
import { openParking } from './parking.ts';
import { confirmed, delivered, type GroupInfo } from './responses.ts';
import { openSource } from './source.ts';
import { STRATEGIES } from './strategies.ts';

export type RunningGroup = ReturnType<typeof runGroup>;

/** What a subscriber answers; `undefined` from `join` when its call has gone already. */
export type Answers = {
  ack(ids: readonly string[]): void;
  nack(ids: readonly string[], action: NackAction, reason: string): void;
};

const DEFAULT_BATCH = 20;

const clock = (): number => performance.now();

export function runGroup(engine: Engine, configured: Configured) {
  const { settings } = configured;
  const strategy = STRATEGIES.get(settings.namedConsumerStrategy);
  if (!strategy) throw new Error(`no consumer strategy is called ${settings.namedConsumerStrategy}`);
  const source = openSource(engine, configured);
  const checkpoints = openCheckpoints(engine, configured);
  const parking = openParking(engine, configured);
  const batch = {
    ...PAGE,
    rows: settings.readBatchSize > 0 ? Math.min(settings.readBatchSize, PAGE.rows) : DEFAULT_BATCH,
  };

  const connections = new Set<Connection>();
  const writes = new Set<Promise<void>>();
  const rate = createRate(clock());
  const reached = checkpoints.saved()?.commit;
  let next = (reached ?? configured.startedAt) + 1;
  let lastKnown: number | undefined;
  let scheduled = false;
  let stopped = false;

  const group = createGroup<Row, Connection>(settings, strategy<Connection>(), reached, {
    deliver(connection, { id, event, retryCount, sequence }) {
      const now = clock();
      rate.add();
      connection.given(id, now);
      try {
        const show = sequence === undefined ? connection.showReplayed : connection.show;
        connection.call.send(delivered(show(event), retryCount));
      } catch (error) {
        // A link to a damaged event: who was to get it is told, and the event waits.
        connection.call.fail(error);
      }
    },
    release: (connection, { id }) => connection.answered(id, clock()),
    park(message, reason) {
      const parked = parking.park(message.event, { isReplayed: message.sequence === undefined }, reason);
      const after = (then: (message: Message<Row>, now: number) => void) => () => {
        if (!stopped) then(message, clock());
      };
      track(parked.then(after(group.parked), after(group.notParked)));
    },
    checkpoint: checkpoints.save,
    // When it can't be written, a restart gives them again.
    replayed: () => track(parking.forget().catch(() => undefined)),
  });

  function track(write: Promise<void>): void {
    writes.add(write);
    void write.then(() => {
      writes.delete(write);
      schedule();
    });
  }

  const entry = (row: Row, position: number): Entry<Row> => ({
    id: idOf(row[RECORD]),
    position,
    key: sourceStream(engine, row),
    event: row,
  });

  function schedule(): void {
    if (scheduled || stopped) return;
    scheduled = true;
    setImmediate(fill);
  }

  /** Reads a batch when there is room for one, and comes again while there is more. */
  function fill(): void {
    scheduled = false;
    if (stopped || !group.canTake()) return;
    try {
      const isMore = takeParked() || takeNew();
      group.push(clock());
      if (isMore) schedule();
    } catch (error) {
      // A stream that was deleted for good drops its subscribers, as on the server; damage is told.
      const status = isRefusal(error) ? dropped(configured).status : explain(error);
      for (const { call } of connections) call.end(status);
    }
  }

  function takeParked(): boolean {
    const rows = parking.read(batch);
    for (const row of rows) group.replay(entry(row, source.position(row)));
    return rows.length > 0;
  }

  function takeNew(): boolean {
    // A filter may want none of a batch, so it looks at whole pages.
    const rows = source.read(next, configured.filter ? PAGE : batch);
    // What is there up to the end is hidden by the stream's metadata.
    if (rows.length === 0) next = Math.max(next, source.end() + 1);
    let wanted = 0;
    for (const row of rows) {
      if (wanted === batch.rows) break;
      const position = source.position(row);
      next = position + 1;
      const verdict = source.judge(row);
      if (verdict === 'own') group.pass(position);
      else if (verdict === 'filtered') group.skip(position, clock());
      else {
        group.add(entry(row, position));
        lastKnown = position;
        wanted++;
      }
    }
    return rows.length > 0;
  }

  const unwatch = source.watch(schedule);
  schedule();

  return {
    configured,
    /** Throws a {@link Refusal} when no more subscribers are allowed. */
    join(call: Call, options: ConnectionOptions): Answers | undefined {
      if (!call.open()) return undefined;
      const { maxSubscriberCount } = settings;
      if (maxSubscriberCount !== 0 && connections.size >= maxSubscriberCount)
        throw maximumReached(configured);
      const connection = createConnection(engine, call, options, settings, clock());
      connections.add(connection);
      call.whenClosed(() => {
        if (!connections.delete(connection) || stopped) return;
        group.leave(connection, clock());
        schedule();
      });
      call.send(confirmed(keyOf(configured)));
      group.join(connection, clock());
      schedule();
      return {
        ack(ids) {
          group.ack(ids, clock());
          schedule();
        },
        nack(ids, action, reason) {
          group.nack(ids, action, reason, clock());
          schedule();
        },
      };
    },
    replay(stopAt: number | undefined): void {
      parking.replay(stopAt);
      schedule();
    },
    tick: (): void => group.tick(clock()),
    info(): GroupInfo {
      const now = clock();
      const { buffered, retries, inFlight } = group.counts();
      return {
        definition: configured,
        status: next > source.end() ? 'Live' : 'Behind',
        connections: [...connections].map(connection => connection.info(now)),
        items: rate.read(now),
        lastCheckpoint: checkpoints.saved(),
        lastKnown: lastKnown === undefined ? undefined : { commit: lastKnown, prepare: lastKnown },
        buffered,
        retries,
        inFlight,
        parked: parking.count(),
      };
    },
    /** Ends its calls; resolves when all that it wrote is durable. */
    async stop(status: Status): Promise<void> {
      stopped = true;
      unwatch();
      for (const { call } of connections) call.end(status);
      connections.clear();
      while (writes.size > 0) await Promise.all(writes);
      await checkpoints.settled();
    },
  };
}
