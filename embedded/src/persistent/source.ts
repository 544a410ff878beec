/** Where the events of a group come from: a stream, or `$all`, whole or filtered. Positions are revisions or positions. */
import type { Engine } from '../engine.ts';
import { compileFilter, type Filter } from '../filters.ts';
import { NO_STREAM } from '../rules.ts';
import { type PageLimit, POSITION, REVISION, type Row, STREAM, TYPE } from '../store.ts';
import { ALL, type Definition } from './definition.ts';

/** `own`: of the keeping of groups to `$all` itself; it isn't counted, or each checkpoint would lead to another. */
export type Verdict = 'wanted' | 'filtered' | 'own';

export type Source = {
  /** The events from a position on; none at the end. */
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
    watch: engine.watchAll,
  };
}

function streamSource(engine: Engine, name: string): Source {
  const bytes = Buffer.from(name);
  let found: number | undefined;
  const number = (): number | undefined => {
    found ??= engine.streamNumber(bytes);
    return found;
  };
  return {
    read(from, limit) {
      const stream = number();
      return stream === undefined ? [] : engine.streamForwards(stream, from, limit);
    },
    position: row => row[REVISION],
    judge: () => 'wanted',
    end() {
      const stream = number();
      return stream === undefined ? NO_STREAM : engine.lastRevision(stream);
    },
    watch: wake => engine.watchStream(name, wake),
  };
}
