/** Days and times as files write them: a format becomes a reader once, and each cell a day or an instant. */
import { instantOf, utc } from './zones.ts';

/** A cell's date: the day as written, and the moment that it stands for (a day alone means its 00:00). */
export type ReadDate = { readonly day: string; readonly instant: string; readonly hasTime: boolean };
export type DateReader = (text: string) => ReadDate | undefined;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** What each token of a format matches, and the part that it gives. */
const TOKENS: Readonly<Record<string, { readonly part: string; readonly pattern: string }>> = {
  yyyy: { part: 'year', pattern: '\\d{4}' },
  MMM: { part: 'monthName', pattern: MONTHS.join('|') },
  MM: { part: 'month', pattern: '\\d{2}' },
  M: { part: 'month', pattern: '\\d{1,2}' },
  dd: { part: 'day', pattern: '\\d{2}' },
  d: { part: 'day', pattern: '\\d{1,2}' },
  HH: { part: 'hour', pattern: '\\d{2}' },
  H: { part: 'hour', pattern: '\\d{1,2}' },
  hh: { part: 'hour12', pattern: '\\d{2}' },
  h: { part: 'hour12', pattern: '\\d{1,2}' },
  a: { part: 'half', pattern: '[ap]m' },
  mm: { part: 'minute', pattern: '\\d{2}' },
  ss: { part: 'second', pattern: '\\d{2}' },
  SSS: { part: 'ms', pattern: '\\d{3}' },
};
const DATE_TOKENS = Object.keys(TOKENS);

const ISO =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?(?<offset>Z|[+-]\d{2}:?\d{2})?)?$/;

/** The reader of a format (`iso`, or tokens such as `dd.MM.yyyy HH:mm`) in a zone, or what is wrong with the format. */
export function dateReader(format: string, zone: string): DateReader | { readonly wrong: string } {
  if (format === 'iso') return text => readWith(ISO, text, zone);
  const parts: string[] = [];
  let pattern = '';
  for (const [token] of format.matchAll(/'[^']*'|([A-Za-z])\1*|./gs)) {
    const known = TOKENS[token];
    if (known) {
      if (parts.includes(known.part)) return { wrong: `it has the ${known.part} twice` };
      parts.push(known.part);
      pattern += `(?<${known.part}>${known.pattern})`;
    } else if (/^[A-Za-z]/.test(token))
      return {
        wrong: `"${token}" means nothing; use ${DATE_TOKENS.join(' ')}, and quotes around other letters`,
      };
    else pattern += escaped(token.startsWith("'") ? token.slice(1, -1) : token);
  }
  const missing = ['year', 'month', 'day'].find(
    part => !parts.includes(part) && !parts.includes(`${part}Name`),
  );
  if (missing) return { wrong: `it says nothing of the ${missing}` };
  if (parts.includes('hour12') !== parts.includes('half')) return { wrong: 'h and a go together' };
  const expression = new RegExp(`^${pattern}$`, 'i');
  return text => readWith(expression, text, zone);
}

const escaped = (literal: string) => literal.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

function readWith(expression: RegExp, text: string, zone: string): ReadDate | undefined {
  const parts = expression.exec(text)?.groups;
  if (!parts) return undefined;
  const year = Number(parts.year);
  const month = parts.monthName ? MONTHS.indexOf(parts.monthName.toLowerCase()) + 1 : Number(parts.month);
  const [day, minute, second] = [Number(parts.day), Number(parts.minute ?? 0), Number(parts.second ?? 0)];
  const hour = hourOf(parts);
  if (year < 1 || hour === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = Number(parts.ms ?? (parts.fraction ?? '').slice(0, 3).padEnd(3, '0'));
  const local = utc(year, month, day, hour, minute, second, ms);
  const written = new Date(local);
  if (written.getUTCMonth() !== month - 1 || written.getUTCDate() !== day) return undefined; // 31 February
  const offset = parts.offset === undefined ? undefined : minutesOf(parts.offset);
  if (offset !== undefined && !(Math.abs(offset) <= 14 * 60)) return undefined;
  const instant = new Date(
    offset === undefined ? instantOf(local, zone) : local - offset * 60_000,
  ).toISOString();
  if (!/^(?!0000)\d{4}-/.test(instant)) return undefined; // the years that an instant may have
  return {
    day: written.toISOString().slice(0, 10),
    instant,
    hasTime: parts.hour !== undefined || parts.hour12 !== undefined,
  };
}

function hourOf(parts: Readonly<Record<string, string | undefined>>): number | undefined {
  if (parts.hour12 === undefined) return Number(parts.hour ?? 0);
  const hour = Number(parts.hour12);
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (parts.half?.toLowerCase() === 'pm' ? 12 : 0);
}

function minutesOf(offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0;
  const minutes = Number(offset.slice(-2));
  const total = Number(offset.slice(1, 3)) * 60 + minutes;
  return minutes > 59 ? Number.NaN : offset.startsWith('-') ? -total : total;
}
