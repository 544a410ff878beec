/** Whether this process can do its work, part by part. */
import type { EventStoreDBClient } from '@eventstore/db-client';
import type pg from 'pg';
import type { Readiness } from '../api/health.ts';
import { withTimeout } from '../commands/waiting.ts';
import type { ProjectorWorker } from '../projections/engine/projectorWorker.ts';
import type { Visibility } from '../projections/engine/visibility.ts';

const EVENT_STORE_MS = 5_000;

type Parts = {
  readonly pool: pg.Pool;
  readonly client: EventStoreDBClient;
  readonly projector: ProjectorWorker | undefined;
  readonly visibility: Pick<Visibility, 'parked'>;
};
type Part = Readiness['parts'][string];

export function readinessOf({ pool, client, projector, visibility }: Parts): () => Promise<Readiness> {
  return async () => {
    const [eventStore, postgres] = await Promise.all([
      check('the event store does not answer', () =>
        withTimeout(
          Array.fromAsync(client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 })),
          EVENT_STORE_MS,
        ),
      ),
      check('Postgres does not answer', () => pool.query('SELECT 1')),
    ]);
    const parts = {
      eventStore,
      postgres,
      ...readModelsPart(visibility.parked().count),
      ...(projector && { projector: projectorPart(projector) }),
    };
    return { ready: Object.values(parts).every(({ ok }) => ok), parts };
  };
}

async function check(message: string, ask: () => Promise<unknown>): Promise<Part> {
  try {
    await ask();
    return { ok: true };
  } catch {
    return { ok: false, message };
  }
}

/** Nothing is said of them while there is nothing to say. */
function readModelsPart(parked: number): Readiness['parts'] {
  if (parked === 0) return {};
  const message = `parked, as an event could not be applied: ${parked}; see relata parked list`;
  return { readModels: { ok: true, degraded: true, message } };
}

function projectorPart(projector: ProjectorWorker): Part {
  const { state, position, failure } = projector.status();
  if (state === 'live' || state === 'standby') return { ok: true };
  if (state === 'catchingUp')
    return { ok: false, message: `the read models catch up; they are at position ${position}` };
  return { ok: false, lasting: true, message: failure?.message ?? 'the projector has stopped' };
}
