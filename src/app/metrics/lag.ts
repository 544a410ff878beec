/**
 * How far each read model is behind the log, by what the stores say: so any process can tell, whoever projects. Up to a
 * bound the events are counted; beyond it they are estimated by how closely the counted ones follow each other.
 */
import type pg from 'pg';
import type { Envelope } from '../../eventstore/envelope.ts';
import { type EventLog, LOG_START, type Place, pageAfter } from '../../eventstore/log.ts';
import { CLOCK, readBuilds } from '../../projections/engine/builds.ts';

export type Lag = {
  readonly model: string;
  readonly events: number;
  /** Since the first event that it doesn't show was written down. */
  readonly seconds: number;
};

const COUNTED = 1_000;

export async function lagsOf(pool: pg.Pool, log: EventLog, now: Date): Promise<readonly Lag[]> {
  const builds = await readBuilds(pool);
  const active = builds.filter(({ model, status }) => status === 'active' && model !== CLOCK);
  // Most are at one place: it is looked at once.
  const known = new Map<string, Promise<Omit<Lag, 'model'>>>();
  return Promise.all(
    active.map(async ({ model, point }) => {
      const place = point ?? LOG_START;
      const key = `${place.commit}.${place.prepare}`;
      const behind = known.get(key) ?? lagAt(log, place, now);
      known.set(key, behind);
      return { model, ...(await behind) };
    }),
  );
}

async function lagAt(log: EventLog, place: Place, now: Date): Promise<Omit<Lag, 'model'>> {
  const { events, last, atEnd } = await pageAfter(log, place, COUNTED);
  const oldest = events
    .map(({ metadata }) => (metadata as Partial<Envelope> | null)?.recordedAt)
    .find(Boolean);
  const seconds = oldest === undefined ? 0 : Math.max(0, (now.getTime() - Date.parse(oldest)) / 1_000);
  if (atEnd || !last) return { events: events.length, seconds };
  const end = await log.last();
  const counted = last.position.commit - place.commit;
  const all = (end ?? last).position.commit - place.commit;
  return { events: Math.round((events.length * Number(all)) / Number(counted)), seconds };
}
