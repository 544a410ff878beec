/**
 * Environment → one typed, validated object. Nothing else reads process.env: what can be set is what is here,
 * and a wrong value stops the start before anything is opened.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { fatal } from './runtime/fatal.ts';

const ROLES = ['api', 'projector'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const MASTER_KEY_BYTES = 32;
const HEAD_EVENTS = 1_000;
const HEAD_MINUTES = 10;

type Role = (typeof ROLES)[number];

export type Config = {
  /** Absolute. Everything that Relata keeps on this machine is beneath it. */
  readonly dataDir: string;
  /** 0 means any free port. */
  readonly port: number;
  /** An EventStoreDB elsewhere; without it the embedded one is started. May hold credentials: never log it. */
  readonly eventStoreUrl?: string;
  /** A Postgres elsewhere; without it the embedded one is started. May hold credentials: never log it. */
  readonly postgresUrl?: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** Signs tree heads, as PKCS#8 in PEM; without it the data folder's own is used. */
  readonly signingKey?: string;
  /** When a tree head is due: after so many events, or so many minutes after the first one that isn't covered. */
  readonly treeHeads: { readonly events: number; readonly minutes: number };
  /** Absolute. Every tree head is written there as it is made. */
  readonly witnessDir?: string;
  /** An RFC 3161 time stamping authority, by HTTP, asked to stamp each head that is written. */
  readonly timestampUrl?: string;
  /** 32 bytes that all other keys begin with; without it the data folder's own is used. */
  readonly masterKey?: Uint8Array;
  /** Further keys that may wrap persons' keys, of 32 bytes; `relata keys rotate` goes to the last one. */
  readonly wrappingKeys: readonly Uint8Array[];
  readonly roles: readonly Role[];
};

type Environment = Readonly<Record<string, string | undefined>>;

/** What each variable may be, and the end of the sentence “<variable> must …” that its reader gets otherwise. */
const port = setting('be a whole number from 0 to 65535 (0 means any free port)', text =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().max(65_535)).safeParse(text),
);
const logLevel = setting(`be one of ${LOG_LEVELS.join(', ')}`, text => z.enum(LOG_LEVELS).safeParse(text));
const roles = setting(`be a comma-separated list of ${ROLES.join(', ')}`, text =>
  z
    .array(z.enum(ROLES))
    .transform(list => ROLES.filter(role => list.includes(role)))
    .safeParse(text.split(',').map(part => part.trim())),
);
const eventStoreUrl = setting('begin with esdb:// or esdb+discover:// and name a host', text =>
  z
    .string()
    .regex(/^esdb(\+discover)?:\/\/[^/?#]+/)
    .safeParse(text),
);
const postgresUrl = setting('begin with postgres:// or postgresql:// and name a host', text =>
  z
    .string()
    .regex(/^postgres(ql)?:\/\/[^?#]+/)
    .safeParse(text),
);
const key = z
  .base64()
  .transform(encoded => new Uint8Array(Buffer.from(encoded, 'base64')))
  .refine(bytes => bytes.length === MASTER_KEY_BYTES);
const masterKey = setting('be the base64 of 32 bytes (`openssl rand -base64 32` makes one)', text =>
  key.safeParse(text),
);
const wrappingKeys = setting('be keys as RELATA_MASTER_KEY is one, separated by commas', text =>
  z.array(key).safeParse(text.split(',').map(part => part.trim())),
);
const signingKey = setting(
  'be an Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519` makes one)',
  text => z.string().refine(isSigningKey).safeParse(text),
);
const count = setting('be a whole number from 1 to 1000000', text =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(1).max(1_000_000)).safeParse(text),
);
const timestampUrl = setting('be a URL that begins with http:// or https://', text =>
  z.url({ protocol: /^https?$/ }).safeParse(text),
);

/**
 * @param env usually process.env; an empty value counts as not set.
 * @param cwd the folder that relative paths are resolved against.
 * @throws FatalError `CONFIG` with one sentence that names the variable and says what to do.
 */
export function loadConfig(env: Environment, cwd: string = process.cwd()): Config {
  const optional = <T>(name: string, parse: Setting<T>): T | undefined => {
    const text = env[name]?.trim();
    return text ? parse(name, text) : undefined;
  };
  // Secrets and URLs with credentials may also come from a file, as container platforms mount them.
  const fromValueOrFile = <T>(name: string, parse: Setting<T>): T | undefined => {
    const fileName = env[`${name}_FILE`]?.trim();
    if (!fileName) return optional(name, parse);
    if (env[name]?.trim())
      throw fatal('CONFIG', `Both ${name} and ${name}_FILE are set; remove one of them.`);
    return parse(`The content of ${name}_FILE`, readSecret(`${name}_FILE`, resolve(cwd, fileName)));
  };
  return {
    dataDir: resolve(cwd, env.RELATA_DATA_DIR?.trim() || 'data'),
    port: optional('RELATA_PORT', port) ?? 4000,
    logLevel: optional('RELATA_LOG_LEVEL', logLevel) ?? 'info',
    roles: optional('RELATA_ROLES', roles) ?? ROLES,
    wrappingKeys: fromValueOrFile('RELATA_WRAPPING_KEYS', wrappingKeys) ?? [],
    treeHeads: {
      events: optional('RELATA_HEAD_EVENTS', count) ?? HEAD_EVENTS,
      minutes: optional('RELATA_HEAD_MINUTES', count) ?? HEAD_MINUTES,
    },
    ...present('eventStoreUrl', fromValueOrFile('RELATA_EVENTSTORE_URL', eventStoreUrl)),
    ...present('postgresUrl', fromValueOrFile('RELATA_POSTGRES_URL', postgresUrl)),
    ...present('signingKey', fromValueOrFile('RELATA_SIGNING_KEY', signingKey)),
    ...present(
      'witnessDir',
      env.RELATA_WITNESS_DIR?.trim() ? resolve(cwd, env.RELATA_WITNESS_DIR.trim()) : undefined,
    ),
    ...present('timestampUrl', optional('RELATA_TIMESTAMP_URL', timestampUrl)),
    ...present('masterKey', fromValueOrFile('RELATA_MASTER_KEY', masterKey)),
  };
}

type Setting<T> = (name: string, text: string) => T;

/** The value itself is never repeated in the message: it may be a secret, or hold one. */
function setting<T>(must: string, parse: (text: string) => z.ZodSafeParseResult<T>): Setting<T> {
  return (name, text) => {
    const result = parse(text);
    if (result.success) return result.data;
    throw fatal('CONFIG', `${name} must ${must}.`);
  };
}

function isSigningKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

function readSecret(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw fatal(
      'CONFIG',
      `${variable} names ${path}, which can't be read; correct the path or its rights.`,
      cause,
    );
  }
}

/** exactOptionalPropertyTypes: an optional that isn't there must be left out, not be undefined. */
function present<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  // The computed key widens to an index signature; the object has exactly this one key.
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}
