/** Where the events of a group come from: a stream, or `$all`, whole or filtered. Positions are revisions or positions. */
import type { Engine } from '../engine.ts';
import { compileFilter, type Filter } from '../filters.ts';
import { streamDeleted } from '../proposals.ts';
import { type PageLimit, POSITION, REVISION, type Row, STREAM, TYPE } from '../store.ts';
import { ALL, type Definition } from './definition.ts';

/** `own`: of the keeping of groups to `$all` itself; it isn't counted, or each checkpoint would lead to another. */
export type Verdict = 'wanted' | 'filtered' | 'own';

export type Source = {
  /** The events from a position on; none at the end, when what comes later is all that there will be. */
  read(from: number, limit: PageLimit): readonly Row[];
  position(row: Row): number;
  judge(row: Row): Verdict;
  /** The position of the last event; −1 or 0 when there is none. */
  end(): number;
  /** Calls after each commit that may have brought an event; returns how to stop that. */
  watch(wake: () => void): () => void;
};

export const openSource = (
  engine: Engine,
  { stream, filter }: Pick<Definition, 'stream' | 'filter'>,
): Source => (stream === ALL ? allSource(engine, filter) : streamSource(engine, stream));

const OWN = /^\$persistentsubscription-\$all::.*(-checkpoint|-parked)$/s;

function allSource(engine: Engine, filter: Filter | undefined): Source {
  const accepts = filter ? compileFilter(filter, engine) : () => true;
  return {
    read: (from, limit) => (from > engine.lastPosition() ? [] : engine.allForwards(Math.max(1, from), limit)),
    position: row => row[POSITION],
    judge(row) {
      if (OWN.test(engine.streamName(row[STREAM]))) return 'own';
      return accepts(row[STREAM], row[TYPE]) ? 'wanted' : 'filtered';
    },
    end: engine.lastPosition,
    watch: wake => engine.watch(undefined, wake),
  };
}

/** What the stream's metadata hide is passed over while history is read, not when events come in. */
function streamSource(engine: Engine, name: string): Source {
  let isLive = false;
  return {
    read(from, limit) {
      const stream = engine.stream(name);
      if (!isLive && engine.deletion(stream) === 'hard') throw streamDeleted(name);
      const first = isLive ? from : Math.max(from, engine.firstReadable(stream));
      const rows = stream.number === undefined ? [] : engine.streamForwards(stream.number, first, limit);
      isLive ||= rows.length === 0;
      return rows;
    },
    position: row => row[REVISION],
    judge: () => 'wanted',
    end: () => engine.stream(name).last,
    watch: wake => engine.watch(name, wake),
  };
}
