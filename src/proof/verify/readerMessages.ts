/** What the threads that read the log say to the one that puts it together. */
import type { KeyringOptions } from '../../eventstore/personal/keyring.ts';
import type { Comparable } from '../../projections/engine/checkRows.ts';
import type { LogPoint } from '../../projections/engine/source.ts';
import type { Part } from '../storedLog.ts';
import type { Finding } from './findings.ts';

export type ReaderOptions = {
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  readonly keys: KeyringOptions;
  readonly part: Part;
  readonly from: LogPoint | undefined;
  readonly end: LogPoint;
  /** The workspace that is looked at, where it is one alone. */
  readonly only: string | undefined;
  /** Read models to fold, and up to where. */
  readonly rows: readonly Comparable[];
  readonly salt: string;
};

/** Leaves side by side, in the order of the log. */
export type Leaves = {
  /** Of the i-th leaf: which of `workspaces` it belongs to. */
  readonly workspace: Uint16Array;
  readonly workspaces: readonly string[];
  readonly positions: BigInt64Array;
  readonly hashes: Uint8Array;
  /** By the leaf's place in here. */
  readonly says: readonly { readonly at: number; readonly type: string; readonly data: unknown }[];
};

/** Batches of leaves that have been put in their place: more may come. */
export type ToReader = { readonly batches: number };

export type FromReader =
  | { readonly kind: 'leaves'; readonly leaves: Leaves }
  | { readonly kind: 'finding'; readonly finding: Finding }
  /** `lanes` by the places of read models in `rows`, and their tables. */
  | {
      readonly kind: 'done';
      readonly events: number;
      readonly streams: number;
      readonly lanes: readonly (readonly Uint32Array[])[];
    };
