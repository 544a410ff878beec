/** Loggers for each part of the program: one event with fields a line, and nothing personal. */
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';

export const createLogger = (level: string, part: string, to?: DestinationStream): Logger =>
  pino({ level, base: { part }, serializers: { err: errorFields } }, to ?? pino.destination(1));

/**
 * Postgres shows the row, or the values, that it refuses in these; its message and code say what is wrong. Whatever else
 * an error carries stays.
 */
const VALUES = ['detail', 'where', 'internalQuery', 'dataType'];

function errorFields(error: Error): unknown {
  const fields: object = stdSerializers.err(error);
  return 'severity' in fields
    ? Object.fromEntries(Object.entries(fields).filter(([name]) => !VALUES.includes(name)))
    : fields;
}
