/** What one request may ask for; on by default, over HTTP and WebSockets alike. */
export type Limits = {
  readonly bodyBytes: number;
  readonly tokens: number;
  readonly depth: number;
  readonly aliases: number;
  /** Roughly the number of values in the answer. */
  readonly cost: number;
  readonly requestMs: number;
  /** How long a query waits for the position that it was told to show. */
  readonly visibilityMs: number;
  readonly subscriptionsPerConnection: number;
  /** Server-sent events: open at a time. */
  readonly eventStreams: number;
  /** An event stream on which nothing comes says so after this time. */
  readonly heartbeatMs: number;
};

export const defaultLimits: Limits = {
  bodyBytes: 1_000_000,
  tokens: 4_000,
  depth: 12,
  aliases: 30,
  cost: 50_000,
  requestMs: 30_000,
  visibilityMs: 5_000,
  subscriptionsPerConnection: 100,
  eventStreams: 200,
  heartbeatMs: 15_000,
};
