/** What is not counted as it happens but looked at when the page of metrics is read. */

import type pg from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { withTimeout } from '../../commands/waiting.ts';
import type { EventLog } from '../../eventstore/log.ts';
import type { ProjectorStatus } from '../../projections/engine/projector.ts';
import { lagsOf } from './lag.ts';

export type Sources = {
  /** By what they are for. */
  readonly pools: Readonly<Record<string, Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>>>;
  /** Of the projector in this process; absent where another one projects. */
  readonly status?: (() => ProjectorStatus & { readonly parked?: number }) | undefined;
  readonly pool: pg.Pool;
  readonly log: EventLog;
};

/** Who scrapes waits for ten seconds as a rule. A store that does not answer is no reason for no metrics at all. */
const STORES_MS = 3_000;

const STATES = ['standby', 'catchingUp', 'live', 'failed', 'stopped'] as const;

export function createSampling(registry: Registry) {
  const registers = [registry];
  const lagEvents = new Gauge({
    name: 'relata_projection_lag_events',
    help: 'Events that the read model does not show yet; beyond a thousand it is an estimate.',
    labelNames: ['model'],
    registers,
  });
  const lagSeconds = new Gauge({
    name: 'relata_projection_lag_seconds',
    help: 'Age of the oldest event that the read model does not show yet.',
    labelNames: ['model'],
    registers,
  });
  const parked = new Gauge({
    name: 'relata_projection_parked',
    help: 'Rows and streams that are parked because of an event that the read models could not take.',
    registers,
  });
  const state = new Gauge({
    name: 'relata_projector_state',
    help: 'What the projector of this process does: 1 at its state.',
    labelNames: ['state'],
    registers,
  });
  const connections = new Gauge({
    name: 'relata_postgres_connections',
    help: 'Connections to Postgres, by what they are for: busy, idle.',
    labelNames: ['pool', 'state'],
    registers,
  });
  const waiting = new Gauge({
    name: 'relata_postgres_waiting',
    help: 'Work that waits for a connection to Postgres.',
    labelNames: ['pool'],
    registers,
  });
  const unanswered = new Gauge({
    name: 'relata_projection_lag_unknown',
    help: '1 while a store does not answer, and the lag can not be told.',
    registers,
  });
  let sources: Sources | undefined;

  const lookAtStores = async ({ pool, log }: Sources) => {
    const lags = await withTimeout(lagsOf(pool, log, new Date()), STORES_MS).catch(() => undefined);
    unanswered.set(lags ? 0 : 1);
    lagEvents.reset();
    lagSeconds.reset();
    for (const { model, events, seconds } of lags ?? []) {
      lagEvents.set({ model }, events);
      lagSeconds.set({ model }, seconds);
    }
  };

  return {
    from: (given: Sources) => {
      sources = given;
    },
    look: async () => {
      if (!sources) return;
      const { pools, status } = sources;
      for (const [pool, { totalCount, idleCount, waitingCount }] of Object.entries(pools)) {
        connections.set({ pool, state: 'busy' }, totalCount - idleCount);
        connections.set({ pool, state: 'idle' }, idleCount);
        waiting.set({ pool }, waitingCount);
      }
      if (status) {
        const now = status();
        for (const each of STATES) state.set({ state: each }, each === now.state ? 1 : 0);
        parked.set(now.parked ?? 0);
      }
      await lookAtStores(sources);
    },
  };
}
