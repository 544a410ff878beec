/** The envelope: what each event's metadata says about who, when, why and after what. A storage format. */
import type { EventType } from '../domain/kernel/events.ts';
import type { Id, Instant } from '../domain/kernel/values.ts';

export type Actor = { readonly type: 'user' | 'apiKey' | 'process' | 'import'; readonly id: string };

/** Metadata as stored, in JSON. */
export type Envelope = {
  readonly eventVersion: number;
  readonly workspaceId: string;
  readonly actor: Actor;
  readonly commandId: string;
  /** Keyed hash of the command's name and input: tells a repeat from a reused commandId. */
  readonly inputHash: string;
  readonly $correlationId: string;
  readonly $causationId: string;
  /** When it happened in the business. */
  readonly occurredAt: Instant;
  /** The writer's clock at the append. */
  readonly recordedAt: Instant;
  /** The key that each sealed field of the data is under; other fields are plain. */
  readonly keys?: Readonly<Record<string, string>>;
  /** SHA-256 (hex) over the previous event of the stream; of the stream's name for the first. */
  readonly prevHash: string;
  /** Streams and revisions of other aggregates that the decision looked at. */
  readonly facts?: Readonly<Record<string, number>>;
};

/** A place in the log: EventStoreDB's commit position. Never a JavaScript number. */
export type Position = bigint;

/** A stored event as everyone inside reads it: decoded, decrypted and of the latest version. */
export type RecordedEvent<D = Readonly<Record<string, unknown>>> = {
  readonly id: Id;
  readonly type: string;
  readonly data: D;
  readonly stream: string;
  readonly category: string;
  readonly workspaceId: string;
  readonly aggregateId: Id;
  readonly revision: number;
  readonly position: Position;
  readonly occurredAt: Instant;
  readonly recordedAt: Instant;
  readonly actor: Actor;
  readonly commandId: string;
  readonly inputHash: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly eventType: EventType;
};
