import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { isFatal } from '../../src/runtime/fatal.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const pem = (type: 'ed25519' | 'x25519'): string =>
  (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')).privateKey
    .export({ type: 'pkcs8', format: 'pem' })
    .toString()
    .trim();

describe('loadConfig', () => {
  test('an empty environment gives the defaults', () => {
    expect(loadConfig({}, '/home/ann')).toEqual({
      dataDir: '/home/ann/data',
      port: 4000,
      logLevel: 'info',
      roles: ['api', 'projector'],
      wrappingKeys: [],
      treeHeads: { events: 1_000, minutes: 10 },
    });
  });

  test('everything can be set', () => {
    const env = {
      RELATA_DATA_DIR: 'elsewhere',
      RELATA_PORT: '0',
      RELATA_EVENTSTORE_URL: 'esdb+discover://ann:secret@one:2113,two:2113?tls=false',
      RELATA_POSTGRES_URL: 'postgresql://ann:secret@db/relata',
      RELATA_LOG_LEVEL: 'debug',
      RELATA_MASTER_KEY: KEY,
      RELATA_WRAPPING_KEYS: `${KEY}, ${Buffer.alloc(32, 8).toString('base64')}`,
      RELATA_ROLES: 'projector',
      RELATA_SIGNING_KEY: pem('ed25519'),
      RELATA_HEAD_EVENTS: '5',
      RELATA_HEAD_MINUTES: '60',
      RELATA_WITNESS_DIR: 'witness',
      RELATA_TIMESTAMP_URL: 'https://tsa.example/stamp',
    };
    expect(loadConfig(env, '/srv')).toEqual({
      dataDir: '/srv/elsewhere',
      port: 0,
      eventStoreUrl: env.RELATA_EVENTSTORE_URL,
      postgresUrl: env.RELATA_POSTGRES_URL,
      logLevel: 'debug',
      masterKey: new Uint8Array(32).fill(7),
      wrappingKeys: [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)],
      roles: ['projector'],
      signingKey: env.RELATA_SIGNING_KEY,
      treeHeads: { events: 5, minutes: 60 },
      witnessDir: '/srv/witness',
      timestampUrl: env.RELATA_TIMESTAMP_URL,
    });
  });

  test('an empty value counts as not set, and space around one as not there', () => {
    const env = {
      RELATA_PORT: ' 4100 ',
      RELATA_DATA_DIR: ' ',
      RELATA_POSTGRES_URL: '',
      RELATA_ROLES: ' projector , api ',
    };
    expect(loadConfig(env, '/srv')).toEqual({ ...loadConfig({}, '/srv'), port: 4100 });
  });

  test.each([
    ['RELATA_PORT', 'http', 'RELATA_PORT must be a whole number from 0 to 65535 (0 means any free port).'],
    ['RELATA_PORT', '65536', 'RELATA_PORT must be a whole number'],
    ['RELATA_PORT', '-1', 'RELATA_PORT must be a whole number'],
    ['RELATA_PORT', '4e3', 'RELATA_PORT must be a whole number'],
    ['RELATA_SIGNING_KEY', KEY, 'RELATA_SIGNING_KEY must be an Ed25519 private key in PEM'],
    ['RELATA_SIGNING_KEY', pem('x25519'), 'RELATA_SIGNING_KEY must be an Ed25519 private key in PEM'],
    ['RELATA_HEAD_EVENTS', '0', 'RELATA_HEAD_EVENTS must be a whole number from 1 to 1000000.'],
    ['RELATA_TIMESTAMP_URL', 'tsa.example', 'RELATA_TIMESTAMP_URL must be a URL'],
    ['RELATA_LOG_LEVEL', 'loud', 'RELATA_LOG_LEVEL must be one of fatal, error, warn'],
    ['RELATA_ROLES', 'api,cook', 'RELATA_ROLES must be a comma-separated list of api, projector.'],
    ['RELATA_ROLES', ',', 'RELATA_ROLES must be'],
    ['RELATA_EVENTSTORE_URL', 'http://host:2113', 'RELATA_EVENTSTORE_URL must begin with esdb://'],
    ['RELATA_EVENTSTORE_URL', 'esdb://', 'RELATA_EVENTSTORE_URL must begin with esdb://'],
    ['RELATA_POSTGRES_URL', 'mysql://host/db', 'RELATA_POSTGRES_URL must begin with postgres://'],
    ['RELATA_MASTER_KEY', 'c2hvcnQ=', 'RELATA_MASTER_KEY must be the base64 of 32 bytes'],
    ['RELATA_MASTER_KEY', 'not base64!', 'RELATA_MASTER_KEY must be the base64 of 32 bytes'],
  ])('%s=%s is refused in one sentence', (name, value, sentence) => {
    expect(refusal({ [name]: value })).toContain(sentence);
  });

  test('a refusal never repeats a secret', () => {
    expect(refusal({ RELATA_POSTGRES_URL: 'oops://ann:hunter2@host/db' })).not.toContain('hunter2');
    expect(refusal({ RELATA_MASTER_KEY: 'aHVudGVyMg==' })).not.toContain('aHVudGVyMg');
  });
});

describe('from files', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'relata-config-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test('secrets are read from the files that are named', () => {
    writeFileSync(join(dir, 'key'), `${KEY}\n`);
    writeFileSync(join(dir, 'esdb'), 'esdb://admin:changeit@host:2113\n');
    writeFileSync(join(dir, 'pg'), 'postgres://ann:secret@db/relata\n');
    const env = {
      RELATA_MASTER_KEY_FILE: 'key',
      RELATA_EVENTSTORE_URL_FILE: join(dir, 'esdb'),
      RELATA_POSTGRES_URL_FILE: 'pg',
    };
    expect(loadConfig(env, dir)).toMatchObject({
      masterKey: new Uint8Array(32).fill(7),
      eventStoreUrl: 'esdb://admin:changeit@host:2113',
      postgresUrl: 'postgres://ann:secret@db/relata',
    });
  });

  test('a value and a file together are refused', () => {
    writeFileSync(join(dir, 'key'), KEY);
    expect(refusal({ RELATA_MASTER_KEY: KEY, RELATA_MASTER_KEY_FILE: join(dir, 'key') })).toBe(
      'Both RELATA_MASTER_KEY and RELATA_MASTER_KEY_FILE are set; remove one of them.',
    );
  });

  test('a missing file is named', () => {
    expect(refusal({ RELATA_POSTGRES_URL_FILE: join(dir, 'none') })).toContain(
      `RELATA_POSTGRES_URL_FILE names ${dir}/none, which can't be read`,
    );
  });

  test('a wrong content is told by the name of its variable', () => {
    writeFileSync(join(dir, 'key'), 'hunter2');
    chmodSync(join(dir, 'key'), 0o600);
    expect(refusal({ RELATA_MASTER_KEY_FILE: join(dir, 'key') })).toMatch(
      /^The content of RELATA_MASTER_KEY_FILE must be the base64 of 32 bytes/,
    );
  });
});

function refusal(env: Record<string, string>): string {
  try {
    loadConfig(env, '/srv');
  } catch (error) {
    if (isFatal(error) && error.code === 'CONFIG') return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}
