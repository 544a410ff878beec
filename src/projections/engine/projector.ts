/**
 * The projector: keeps the read models up to date with the log. Several may run; one holds the lease and projects, the
 * others stand by. What fails for a while (a store that is away, a subscription that ends) is tried again from the
 * stored checkpoint; what can't be put right by trying again stops it, and its status says why.
 */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { backOff } from './backOff.ts';
import { requestBuilds } from './buildRequests.ts';
import { checkDeclared, readBuilds } from './builds.ts';
import { type Failure, failureOf, isFenced } from './failure.ts';
import type { Group, LiveGroup } from './group.ts';
import { type Lease, takeLease } from './lease.ts';
import { own } from './own.ts';
import { BEFORE_ALL, type ProjectedLog } from './source.ts';

export type ProjectorOptions = {
  readonly pool: pg.Pool;
  /** `eventStoreSource(client, decode)`. */
  readonly source: ProjectedLog;
  readonly models: readonly ReadModel[];
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** For people: which process this is. */
  readonly instance: string;
  /** How long an owner that doesn't answer keeps the others waiting. */
  readonly leaseMs?: number;
  /** Hears of each batch that the live read models have taken. */
  readonly onBatch?: (events: number) => void;
  /** How often it looks for what others have asked for. */
  readonly lookMs?: number;
};

export type ProjectorStatus = {
  readonly state: 'standby' | 'catchingUp' | 'live' | 'failed' | 'stopped';
  /** Of the last event that the live read models have handled; −1 before the first, and while it stands by. */
  readonly position: Position;
  /** Builds that are not shown yet, and how far they are. */
  readonly building: readonly {
    readonly model: string;
    readonly version: number;
    readonly position: Position;
  }[];
  /** How many rows and streams are parked in the read models that are shown. */
  readonly parked: number;
  readonly failure?: Failure;
};

export type Projector = {
  readonly status: () => ProjectorStatus;
  /** Hears of every change of the status. */
  readonly onStatus: (listener: (status: ProjectorStatus) => void) => void;
  /** Builds a read model anew beside the present one, which is shown until then. Resolves once it is begun. */
  readonly rebuild: (model: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

const LEASE_MS = 3_000;
const LOOK_MS = 2_000;

/** Until it is known whether another projects, nothing can be said of how far the read models are. */
export const UNKNOWN: ProjectorStatus = {
  state: 'catchingUp',
  position: BEFORE_ALL.commit,
  building: [],
  parked: 0,
};

const nothing = async (): Promise<void> => undefined;

/** @throws a failure when a declaration doesn't fit what the database holds. The database must be migrated. */
export async function startProjector(options: ProjectorOptions): Promise<Projector> {
  const { pool, models, logger, instance, leaseMs = LEASE_MS, lookMs = LOOK_MS } = options;
  checkDeclared(models, await readBuilds(pool));
  const stopping = new AbortController();
  const listeners = new Set<(status: ProjectorStatus) => void>();
  let status = UNKNOWN;
  let look = nothing;
  let looking: Promise<void> | undefined;
  const lookOnce = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const tell = (next: ProjectorStatus) => {
    status = next;
    for (const listener of listeners) listener(next);
  };

  const project = async (held: Lease): Promise<void> => {
    // Another instance may have been asked for a build, or for a retry.
    const timer = setInterval(() => lookOnce().catch(() => undefined), lookMs);
    try {
      await own({
        ...options,
        token: held.token,
        signal: AbortSignal.any([stopping.signal, held.lost]),
        onMoved: (live, building) => tell(progress(live, building)),
        onReady: ready => {
          look = ready;
        },
      });
    } finally {
      clearInterval(timer);
      look = nothing;
    }
  };

  const standBy = () => {
    if (status.state !== 'standby') tell({ ...UNKNOWN, state: 'standby' });
  };

  let lease: Lease | undefined;
  // Without Postgres it runs out by itself.
  const giveBack = async () => {
    await lease?.release().catch(() => undefined);
    lease = undefined;
  };
  /** One turn as the owner. @returns what stops the projector for good. */
  const turn = async (): Promise<Failure | undefined> => {
    try {
      if (!lease) {
        lease = await takeLease({ pool, instance, milliseconds: leaseMs }, stopping.signal, standBy);
        tell({ ...status, state: 'catchingUp' });
      }
      await project(lease);
    } catch (error) {
      const failure = failureOf(error);
      if (failure) return failure;
      if (!stopping.signal.aborted) logger.warn({ err: error }, 'projector begins again');
      if (isFenced(error)) await giveBack();
    }
    if (lease?.lost.aborted) await giveBack();
    return undefined;
  };
  const supervise = async (): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; ) {
      const before = status.position;
      const failure = await turn();
      if (failure) {
        logger.error({ ...failure, position: failure.position?.toString() }, 'projector stopped');
        tell({ ...status, state: 'failed', failure });
        break;
      }
      attempt = status.position > before ? 0 : attempt + 1;
      if (!lease) standBy();
      await backOff(attempt, stopping.signal);
    }
    await giveBack();
  };

  const running = supervise();
  return {
    status: () => status,
    onStatus: listener => {
      listeners.add(listener);
    },
    rebuild: async name => {
      const model = models.find(each => each.name === name);
      if (!model)
        throw new Error(`there is no read model ${name}; there are ${models.map(m => m.name).join(', ')}`);
      await requestBuilds(pool, [model]);
      await looking?.catch(() => undefined); // it may have looked before the request
      await lookOnce();
    },
    close: async () => {
      stopping.abort();
      await running;
      if (status.state !== 'failed') tell({ ...status, state: 'stopped' });
    },
  };
}

function progress(live: LiveGroup, building: readonly Group[]): ProjectorStatus {
  return {
    state: live.caughtUp ? 'live' : 'catchingUp',
    position: (live.point ?? BEFORE_ALL).commit,
    building: building.flatMap(({ members, point }) =>
      members.map(member => ({
        model: member.model.name,
        version: member.model.version,
        position: ((live.members.includes(member) ? live.point : point) ?? BEFORE_ALL).commit,
      })),
    ),
    parked: live.members.reduce((sum, { shown, parking }) => sum + (shown ? parking.size() : 0), 0),
  };
}
