/**
 * Stream metadata: what the last event of `$$stream` says about how much of the stream may still be read.
 * Pure. https://docs.kurrent.io/server/v23.10/streams#metadata-and-reserved-names
 */

/** The revision that a deleted stream is truncated before, and that a tombstone has: a 64-bit integer's largest. */
export const DELETED = 2n ** 63n - 1n;

export type Limits = {
  /** The latest events alone, this many. */
  readonly maxCount: number | undefined;
  /** In milliseconds. */
  readonly maxAge: number | undefined;
  readonly truncateBefore: number;
  /** Truncated before any revision that there could be. */
  readonly deleted: boolean;
};

export const NO_LIMITS: Limits = {
  maxCount: undefined,
  maxAge: undefined,
  truncateBefore: 0,
  deleted: false,
};

/** Of a metastream only the last event can be read. */
export const METASTREAM_LIMITS: Limits = { ...NO_LIMITS, maxCount: 1 };

/** What metadata say. As on the real server, metadata that can't be read, in any part, say nothing at all. */
export function readLimits(metadata: Buffer): Limits {
  try {
    const fields = parseExactly(metadata, source =>
      /^-?\d+$/.test(source) ? BigInt(source) : Number(source),
    );
    const [maxCount, maxAge, truncateBefore] = [
      long(fields.$maxCount),
      seconds(fields.$maxAge),
      long(fields.$tb),
    ];
    // These limit nothing, but have to be readable too.
    seconds(fields.$cacheControl);
    if (!['undefined', 'boolean'].includes(typeof fields.$tmp)) throw new Error('not a boolean');
    checkAcl(fields.$acl);
    return {
      maxCount: positive(maxCount),
      maxAge: positive(maxAge === undefined ? undefined : maxAge * 1_000n),
      truncateBefore: positive(truncateBefore) ?? 0,
      deleted: truncateBefore === DELETED,
    };
  } catch {
    return NO_LIMITS;
  }
}

/** The same metadata with another `$tb`; everything else as it was written. Undefined where there is no JSON object. */
export function truncatedBefore(metadata: Buffer, revision: number): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify({ ...parseExactly(metadata, json.rawJSON), $tb: revision }));
  } catch {
    return undefined;
  }
}

/** What the metadata of a deleted stream are, whatever they were before. */
export const DELETED_METADATA = Buffer.from(`{"$tb":${DELETED}}`);

/** Node has had these since 21; TypeScript's library doesn't know them yet. */
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source: string }) => unknown,
  ): unknown;
  rawJSON(source: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** A JSON object whose numbers are made from how they are written: `$tb` has more digits than a Number keeps. */
function parseExactly(bytes: Buffer, number: (source: string) => unknown): Record<string, unknown> {
  const parsed = json.parse(bytes.toString('utf8'), (_, value, { source }) =>
    typeof value === 'number' ? number(source) : value,
  );
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || json.isRawJSON(parsed))
    throw new Error('not an object');
  return { ...parsed };
}

function long(value: unknown): bigint | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value)
    throw new Error('not a 64-bit integer');
  return value;
}

/** The longest time that .NET can count: 2⁶³ − 1 ticks of 100 ns. */
const MOST_SECONDS = 922_337_203_685n;

function seconds(value: unknown): bigint | undefined {
  const count = long(value);
  if (count !== undefined && (count > MOST_SECONDS || count < -MOST_SECONDS)) throw new Error('too long');
  return count;
}

const ROLES = new Set(['$r', '$w', '$d', '$mr', '$mw']);

function checkAcl(acl: unknown): void {
  if (acl === undefined) return;
  if (typeof acl !== 'object' || acl === null || Array.isArray(acl)) throw new Error('not an object');
  for (const [name, roles] of Object.entries(acl))
    if (!ROLES.has(name) || ![roles].flat().every(role => typeof role === 'string'))
      throw new Error('not roles');
}

/** As a Number: beyond what that holds there is no revision to tell apart. */
const positive = (value: bigint | undefined): number | undefined =>
  value === undefined || value <= 0n ? undefined : Number(value);
