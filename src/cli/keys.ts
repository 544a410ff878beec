/** `relata keys rotate`: another key wraps the keys of persons. See docs/personal-data.md. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import pg from 'pg';
import { attach } from '../app/attach.ts';
import { keysOf } from '../app/keys.ts';
import { type Config, loadConfig } from '../config.ts';
import {
  type Keyring,
  openKeyring,
  type WrappingKey,
  wrappingKey,
  wrappingKeyFile,
} from '../eventstore/personal/keyring.ts';
import { leftBehind, makeCurrent, rewrapAll } from '../eventstore/personal/rotate.ts';
import { currentKey } from '../eventstore/personal/vault.ts';
import { readMasterKey } from '../runtime/dataFolder.ts';
import { fatal } from '../runtime/fatal.ts';
import { writeWhole } from '../runtime/files.ts';
import { abortOnSignals, type CliCommand } from './command.ts';

const KEY_BYTES = 32;

export const keys: CliCommand = {
  kind: 'cliCommand',
  name: 'keys',
  usage: 'rotate',
  summary: 'Wrap the keys of persons by a new key; can be interrupted and run again',
  run: async ([what, ...more]) => {
    if (what !== 'rotate' || more.length > 0) throw fatal('ARGUMENTS', 'Say: npm run relata -- keys rotate');
    const config = loadConfig({ RELATA_LOG_LEVEL: 'warn', ...process.env });
    const { postgresUrl, close } = await attach(config, abortOnSignals());
    const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 });
    pool.on('error', () => undefined); // the query that comes next fails with the reason
    try {
      const masterKey = await readMasterKey(config.dataDir, config.masterKey);
      await rotate(pool, config, openKeyring(keysOf(config, masterKey)));
      return 0;
    } finally {
      await pool.end();
      await close();
    }
  },
};

async function rotate(pool: pg.Pool, config: Config, keyring: Keyring): Promise<void> {
  if ((await leftBehind(pool)) > 0) console.log('An earlier rotation was interrupted; it is finished first.');
  else await makeCurrent(pool, await nextKey(await currentKey(pool, keyring), config, keyring));
  let rewrapped = 0;
  const retired = await rewrapAll(pool, keyring, n => {
    rewrapped = n;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${n} keys of persons`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const { id } = await currentKey(pool, keyring);
  console.log(`The key ${id} wraps the keys of persons now; ${rewrapped} were put under it.`);
  for (const old of retired)
    console.log(`No key is under ${old} any more. Backups from before need it: keep it as long as them.`);
}

/** The key to go to: given to all instances beforehand, or made here where there is one machine alone. */
async function nextKey(current: WrappingKey, config: Config, keyring: Keyring): Promise<WrappingKey> {
  const { given, folder } = keyring;
  if (given && given.id !== current.id) return given;
  if (given || config.masterKey)
    throw fatal(
      'WRAPPING_KEY_NEEDED',
      'The master key comes from RELATA_MASTER_KEY, so other instances need the new key as well: make one (`openssl rand -base64 32`), add it at the end of RELATA_WRAPPING_KEYS of all instances, restart them, and rotate then.',
    );
  const bytes = randomBytes(KEY_BYTES);
  const made = wrappingKey(bytes);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // It must be there for good before the first key is under it.
  await writeWhole(wrappingKeyFile(folder, made), bytes, 0o600);
  return made;
}
