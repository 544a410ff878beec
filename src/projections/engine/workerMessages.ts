/** What the projector's thread and its parent say to each other. */
import type { Failure } from './failure.ts';
import type { ProjectorStatus } from './projector.ts';

export type WorkerOptions = {
  readonly postgresUrl: string;
  readonly eventStoreUrl: string;
  readonly logLevel: string;
  /** For people: which process this is. */
  readonly instance: string;
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
