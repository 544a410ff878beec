/** The command: a node in a process of its own, and what is done to its data folder. */
import { parseArgs } from 'node:util';
import { backupDataDir, isStoreError, startEmbeddedEventStore, verifyDataDir } from './index.ts';

const USAGE = `relata-embedded-eventstore --db DIR [--port 2113] [--no-by-category]
relata-embedded-eventstore --in-memory [--port 2113] [--no-by-category]
relata-embedded-eventstore verify --db DIR
relata-embedded-eventstore backup --db DIR --to FOLDER

A single-node EventStoreDB for laptops and tests, on 127.0.0.1. It runs until SIGINT or SIGTERM.
verify and backup may be used while it runs. Exit codes: 0 done, 1 couldn't, 2 verify found damage.
`;
const DEFAULT_PORT = 2113;

type Options = ReturnType<typeof parse>['values'];

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      db: { type: 'string' },
      to: { type: 'string' },
      port: { type: 'string' },
      'in-memory': { type: 'boolean' },
      'by-category': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });

/** Runs a command to its end, and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    if (values.help) return say(USAGE, 0);
    return await run(positionals, values);
  } catch (error) {
    const isWritten = isStoreError(error) || isUsageError(error);
    process.stderr.write(`${error instanceof Error ? (isWritten ? error.message : error.stack) : error}\n`);
    return 1;
  }
}

async function run([command, ...more]: readonly string[], options: Options): Promise<number> {
  if (more.length > 0) throw usage(`'${more[0]}' is one word too many`);
  switch (command) {
    case undefined:
      return serve(options);
    case 'verify':
      return verify(folder(options.db, '--db'));
    case 'backup':
      return backup(folder(options.db, '--db'), folder(options.to, '--to'));
    default:
      throw usage(`there is no command '${command}'`);
  }
}

async function serve(options: Options): Promise<number> {
  const inMemory = options['in-memory'] ?? false;
  if (inMemory === (options.db !== undefined)) throw usage('name either --db DIR or --in-memory');
  const store = await startEmbeddedEventStore({
    ...(options.db === undefined ? { inMemory: true } : { dataDir: options.db }),
    port: port(options.port),
    byCategory: options['by-category'] ?? true,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void store.close());
  say(`${store.connectionString}\n`, 0);
  await store.closed;
  return 0;
}

async function verify(dataDir: string): Promise<number> {
  const { events, streams, problems } = await verifyDataDir(dataDir);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length === 0)
    return say(`${events} events in ${streams} streams, all as they were written.\n`, 0);
  return say(`${dataDir} is damaged: restore it from a backup.\n`, 2);
}

async function backup(dataDir: string, to: string): Promise<number> {
  const { events, bytes } = await backupDataDir(dataDir, to);
  return say(`${events} events (${bytes} bytes) are in ${to}.\n`, 0);
}

function port(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw usage(`'${text}' is no port`);
  return Number(text);
}

function folder(path: string | undefined, option: string): string {
  if (path === undefined) throw usage(`${option} is missing`);
  return path;
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}

const usage = (reason: string): Error => Object.assign(new Error(`${reason}\n\n${USAGE}`), { code: 'USAGE' });

/** Ours, or parseArgs' own. */
const isUsageError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(USAGE|ERR_PARSE_ARGS_)/.test(String(error.code));
