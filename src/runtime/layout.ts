/** Where things lie in a data folder. The names are a storage format: later versions must find them. */
import { join } from 'node:path';

export function layout(dir: string) {
  return {
    /** Says that the folder is ours and in which format. */
    format: join(dir, 'relata.json'),
    /** Locked by the running instance; the file itself stays. */
    lock: join(dir, 'relata.lock'),
    /** Who holds the lock, for the message to a second starter. */
    holder: join(dir, 'relata.pid'),
    /** How to attach to the running instance. */
    run: join(dir, 'run.json'),
    keys: join(dir, 'keys'),
    masterKey: join(dir, 'keys', 'master.key'),
    /** Keys that a rotation has made: `<id>.key`. */
    wrappingKeys: join(dir, 'keys', 'wrapping'),
    signingKey: join(dir, 'keys', 'signing.pem'),
    /** The one that is about to take its place. */
    nextSigningKey: join(dir, 'keys', 'signing.next.pem'),
    postgresPassword: join(dir, 'keys', 'postgres.password'),
    logs: join(dir, 'logs'),
    postgresLog: join(dir, 'logs', 'postgres.log'),
    /** The ports of the embedded stores, so that a tool that was pointed at them finds them again. */
    ports: join(dir, 'ports'),
    eventStore: join(dir, 'eventstore'),
    postgres: join(dir, 'postgres'),
    /** Where Postgres is instead, when its user can't reach this folder. */
    postgresPointer: join(dir, 'postgres.location.json'),
  } as const;
}
