import type { Logger } from 'pino';

/** What the runtime needs of a logger: one event with fields a line, never a secret, never a URL with credentials. */
export type RuntimeLogger = Pick<Logger, 'info' | 'warn'>;
