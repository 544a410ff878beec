/** Numbers as files write them, as exact decimal text: never through a JavaScript number. */

export type NumberFormat = {
  readonly decimal: '.' | ',';
  readonly group?: ',' | '.' | ' ' | "'" | undefined;
  /** Places that the decimal point moves to the right. */
  readonly shift: number;
};

export const plainNumber: NumberFormat = { decimal: '.', shift: 0 };

/** The number as a plain decimal without superfluous zeros (`-1100040000`, `0.05`), or nothing when it is none. */
export function parseNumber(text: string, { decimal, group, shift }: NumberFormat): string | undefined {
  const spaced = group === ' ' ? text.replace(/[\u00a0\u202f]/g, ' ') : text;
  const match = /^([+-]?)(.*)$/s.exec(spaced);
  const [, sign = '', unsigned = ''] = match ?? [];
  const [grouped = '', fraction, ...others] = unsigned.split(decimal);
  const whole = group && grouped.includes(group) ? ungroup(grouped, group) : grouped;
  if (others.length > 0 || whole === undefined || !/^\d{1,30}$/.test(whole)) return undefined;
  if (fraction !== undefined && !/^\d{1,30}$/.test(fraction)) return undefined;
  return shifted(sign === '-', whole, fraction ?? '', shift);
}

/** Thousands must be in threes: `1,23` is no number with groups. */
function ungroup(text: string, group: string): string | undefined {
  const [first = '', ...rest] = text.split(group);
  return /^\d{1,3}$/.test(first) && rest.every(part => /^\d{3}$/.test(part))
    ? first + rest.join('')
    : undefined;
}

function shifted(negative: boolean, whole: string, fraction: string, shift: number): string {
  const digits = whole + fraction;
  const point = whole.length + shift;
  const padded = digits.padStart(digits.length + Math.max(0, -point), '0').padEnd(Math.max(point, 0), '0');
  const at = Math.max(point, 0);
  const left = padded.slice(0, at).replace(/^0+(?=\d)/, '') || '0';
  const right = padded.slice(at).replace(/0+$/, '');
  const value = right ? `${left}.${right}` : left;
  return negative && value !== '0' ? `-${value}` : value;
}
