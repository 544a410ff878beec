/**
 * What this process counts, in a registry of its own. Labels have few values, all of them from declarations or words of
 * this code: no ids, nothing that a user wrote, nothing personal.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../../api/metrics.ts';
import type { Dispatch } from '../../commands/dispatch.ts';
import type { AppendAttempt } from '../../commands/streams.ts';
import type { Catalog } from '../../eventstore/catalog.ts';
import type { Sources } from './sample.ts';
import { createSampling } from './sample.ts';

/** From half a millisecond to as long as anybody waits. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const EVENTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];

export type AppMetrics = Metrics & {
  /** The same, and counted. */
  readonly countedDispatch: (dispatch: Dispatch, catalog: Catalog) => Dispatch;
  readonly appended: (attempt: AppendAttempt) => void;
  /** A batch has been applied to the read models that are shown. */
  readonly projected: (events: number) => void;
  /** What is looked at when the page is read. */
  readonly sample: (sources: Sources) => void;
};

export function createMetrics(): AppMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const commands = new Counter({
    name: 'relata_commands_total',
    help: 'Commands by name and outcome: done, unchanged (it was so already), repeated, or the code of the refusal.',
    labelNames: ['command', 'outcome'],
    registers,
  });
  const appends = new Histogram({
    name: 'relata_append_duration_seconds',
    help: 'From sending an append to its answer: ok, conflict (another was first), failed (no answer in time).',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers,
  });
  const conflicts = new Counter({
    name: 'relata_append_conflicts_total',
    help: 'Appends that came to a stream which had moved on; the command was decided again.',
    registers,
  });
  const retries = new Counter({
    name: 'relata_append_retries_total',
    help: 'Appends that were sent again because nothing had answered.',
    registers,
  });
  const batches = new Histogram({
    name: 'relata_projection_batch_events',
    help: 'Events that the read models took in one transaction.',
    buckets: EVENTS,
    registers,
  });
  const operations = new Histogram({
    name: 'relata_graphql_duration_seconds',
    help: 'From the arrival of a GraphQL request over HTTP to the end of its answer.',
    labelNames: ['operation'],
    buckets: SECONDS,
    registers,
  });
  const open = new Gauge({
    name: 'relata_subscriptions_open',
    help: 'GraphQL subscriptions and event streams that are open.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of ['graphql', 'events']) open.set({ kind }, 0);
  for (const outcome of ['ok', 'conflict', 'failed']) appends.zero({ outcome });
  const sampling = createSampling(registry);

  return {
    countedDispatch: (dispatch, catalog) => async (request, context) => {
      // Whatever was asked for: only names that are declared become labels.
      const command = catalog.commands.has(request.name) ? request.name : 'unknown';
      try {
        const result = await dispatch(request, context);
        commands.inc({ command, outcome: outcomeOf(result) });
        return result;
      } catch (error) {
        commands.inc({ command, outcome: 'INTERNAL' });
        throw error;
      }
    },
    appended: ({ outcome, attempt, seconds }) => {
      appends.observe({ outcome }, seconds);
      if (outcome === 'conflict') conflicts.inc();
      if (attempt > 1) retries.inc();
    },
    projected: events => batches.observe(events),
    sample: sampling.from,
    api: {
      answered: (operation, seconds) => operations.observe({ operation }, seconds),
      opened: kind => {
        open.inc({ kind });
        let closed = false;
        return () => {
          if (!closed) open.dec({ kind });
          closed = true;
        };
      },
    },
    page: async () => {
      await sampling.look();
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}

function outcomeOf(result: Awaited<ReturnType<Dispatch>>): string {
  if (!result.ok) return result.error.kind;
  if (result.repeated) return 'repeated';
  return result.appended === 0 ? 'unchanged' : 'done';
}
