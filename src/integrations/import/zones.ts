/** Local times of an IANA zone as instants, from the runtime's own zone data. */

/** Whether the runtime knows the zone. */
export function isZone(zone: string): boolean {
  try {
    formatterOf(zone);
    return true;
  } catch {
    return false;
  }
}

const DAY_MS = 86_400_000;

/**
 * The instant (ms) of a local time, given as if it were UTC (ms). A time that comes twice is the earlier one; one that
 * is skipped moves on by as much as the clock did. Both as Temporal's "compatible".
 */
export function instantOf(local: number, zone: string): number {
  if (zone === 'UTC') return local;
  const before = offsetAt(local - DAY_MS, zone);
  const after = offsetAt(local + DAY_MS, zone);
  for (const offset of [before, after]) if (offsetAt(local - offset, zone) === offset) return local - offset;
  return local - before;
}

/** How far the zone's clock is ahead of UTC at an instant, in ms. */
export function offsetAt(instant: number, zone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return utc(year, month, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

/** Like Date.UTC, with months from 1 and for the years before 100 too. */
export function utc(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
  ms = 0,
): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, ms);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;
  const time = { hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' } as const;
  const made = new Intl.DateTimeFormat('en-US', { timeZone, calendar: 'iso8601', ...fields, ...time });
  formatters.set(timeZone, made);
  return made;
}
