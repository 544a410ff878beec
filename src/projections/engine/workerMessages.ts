/** What the projector's thread and its parent say to each other. */
import type { EventStoreDBClient } from '@eventstore/db-client';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { KeyringOptions } from '../../eventstore/personal/keyring.ts';
import type { Failure } from './failure.ts';
import type { Projector, ProjectorStatus } from './projector.ts';

export type WorkerOptions = {
  readonly postgresUrl: string;
  readonly eventStoreUrl: string;
  readonly keys: KeyringOptions;
  readonly logLevel: string;
  /** For people: which process this is. */
  readonly instance: string;
  /** What runs beside it in its thread. */
  readonly companions?: readonly CompanionModule[];
};

/** A module that exports `companion`, a `Companion`, and what is handed to it. */
export type CompanionModule = { readonly url: string; readonly options: unknown };

/** What follows the log where the projector does, and is none of its business. */
export type Companion<Options> = (
  thread: CompanionThread,
  options: Options,
) => Promise<{ readonly close: () => Promise<void> }>;

export type CompanionThread = {
  readonly pool: pg.Pool;
  readonly client: EventStoreDBClient;
  /** With credentials, as is the next: never log them. */
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  readonly projector: Pick<Projector, 'status' | 'onStatus'>;
  readonly logger: Logger;
};

export type ToWorker =
  | { readonly kind: 'rebuild'; readonly id: number; readonly model: string }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'status'; readonly status: ProjectorStatus }
  /** The live read models have taken a batch. */
  | { readonly kind: 'batch'; readonly events: number }
  /** The answer to a request; without a message it was done. */
  | { readonly kind: 'answer'; readonly id: number; readonly message?: string }
  /** It couldn't start. */
  | { readonly kind: 'refused'; readonly message: string; readonly failure?: Failure };
