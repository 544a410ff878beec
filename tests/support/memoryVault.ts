/** Keys of persons in memory: as the vault in Postgres has them, for tests of whoever uses one. */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  type Key,
  type KeySource,
  newKeyId,
  type Subject,
  subjectName,
} from '../../src/eventstore/personal/keySource.ts';

export type MemoryVault = KeySource & {
  readonly erase: (subject: Subject) => Promise<void>;
  /** As if it had been restored from before anything was in it. */
  readonly forget: () => void;
  /** What was asked for, in order. */
  readonly asked: { readonly for: 'writing' | 'reading'; readonly keys: number; readonly subjects: number }[];
};

/** @param make gives the key of a person who has none yet. */
export function memoryVault(
  make: (subject: Subject) => Key = () => ({ id: newKeyId(), secret: createSecretKey(randomBytes(32)) }),
): MemoryVault {
  const keys = new Map<string, { readonly id: string; secret: KeyObject | undefined }>();
  const asked: MemoryVault['asked'] = [];
  return {
    asked,
    forWriting: async subjects => {
      asked.push({ for: 'writing', keys: 0, subjects: subjects.length });
      const found = new Map<string, Key>();
      for (const subject of subjects) {
        const name = subjectName(subject);
        const key = keys.get(name) ?? make(subject);
        keys.set(name, key);
        if (key.secret) found.set(name, { id: key.id, secret: key.secret });
      }
      return found;
    },
    forReading: async ({ keyIds, subjects }) => {
      asked.push({ for: 'reading', keys: keyIds.size, subjects: subjects.length });
      const wanted = [...keys].filter(([, { id }]) => keyIds.has(id));
      const about = subjects.map(subjectName).filter(name => keys.has(name) && !keys.get(name)?.secret);
      return {
        keys: new Map(wanted.map(([, { id, secret }]) => [id, secret])),
        erased: new Set([...wanted.flatMap(([name, { secret }]) => (secret ? [] : [name])), ...about]),
      };
    },
    erase: async subject => {
      const name = subjectName(subject);
      keys.set(name, { id: keys.get(name)?.id ?? newKeyId(), secret: undefined });
    },
    forget: () => keys.clear(),
  };
}
