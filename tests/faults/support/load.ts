/** Load on running instances, and at its end everything that must hold of what became of it. */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Bed, type Running, settings } from '../../system/support/bed.ts';
import { eventually, relata, run } from '../../system/support/program.ts';
import { check } from './check.ts';
import { readLog, readShown, shownUpTo, watchCheckpoints } from './evidence.ts';
import type { Options } from './generator.ts';
import { type Entry, readJournal } from './journal.ts';

/** `npm run faults` makes it longer. */
export const ROUNDS = Number(process.env.RELATA_FAULT_ROUNDS ?? 2);

const GENERATOR = fileURLToPath(new URL('./generator.ts', import.meta.url));
const CLIENTS = 12;

export type Load = {
  /** Resolves once so many more commands have been carried out. */
  readonly more: (commands: number) => Promise<void>;
};

export type Place = Pick<Running, 'dir' | 'url' | 'eventStoreUrl' | 'postgresUrl'>;

/**
 * A log, and the journal of all that was ever meant to be in it.
 * @param place where the stores are and queries are answered. Looked at again and again: it may be started anew.
 */
export async function makeField(bed: Bed, place: () => Place) {
  const path = join(await bed.folder(), 'journal.jsonl');
  await writeFile(path, '');

  /** Load while `faults` runs, and a little after it. @param dirs data folders of the instances that take the commands. */
  async function loaded(dirs: readonly string[], faults: (load: Load) => Promise<void>): Promise<void> {
    const options: Options = { journal: path, dirs, clients: CLIENTS, seed: randomInt(2 ** 32) };
    const program = bed.use(run(process.execPath, [GENERATOR, JSON.stringify(options)]));
    const more = async (commands: number) => {
      const before = program.out().length;
      const isEnough = () => program.out().length >= before + commands;
      await eventually(`${commands} more commands`, isEnough, program);
    };
    await more(50);
    await faults({ more });
    await more(50);
    program.signal('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0, err: '' });
  }

  return {
    /** After what happens under load nothing that must hold is missing. @returns what was journalled meanwhile. */
    survives: async (
      faults: (load: Load) => Promise<void>,
      dirs: readonly string[] = [place().dir],
    ): Promise<readonly Entry[]> => {
      const before = (await readJournal(path)).length;
      const checkpoints = watchCheckpoints(place().postgresUrl, place().eventStoreUrl);
      await loaded(dirs, faults).finally(checkpoints.end);
      const { dir, url, eventStoreUrl, postgresUrl } = place();
      const [journal, log, points] = [
        await readJournal(path),
        await readLog(eventStoreUrl),
        checkpoints.points,
      ];
      const end = log.at(-1)?.position ?? -1n;
      await eventually('the read models have caught up', async () => (await shownUpTo(postgresUrl)) >= end);
      const shown = await readShown(url, postgresUrl);
      expect(check({ journal, log, checkpoints: points, shown })).toEqual([]);
      const verified = await bed.use(relata(['verify'], { env: settings(dir) })).ended;
      expect(verified.code, verified.out + verified.err).toBe(0);
      const entries = journal.slice(before);
      expectMeaning(entries);
      expect(points.length).toBeGreaterThan(20);
      return entries;
    },
  };
}

/** All that could have gone wrong was there to go wrong. */
function expectMeaning(journal: readonly Entry[]): void {
  const told = journal.filter(entry => entry.kind === 'told');
  const codes = told.flatMap(entry => (entry.outcome === 'ok' ? [] : [entry.code]));
  expect(codes).toEqual(expect.arrayContaining(['EMAIL_TAKEN', 'NOT_OPEN', 'STALE']));
  expect(codes).not.toContain('INTERNAL');
  expect(journal.some(entry => entry.kind === 'looked' && typeof entry.saw === 'number')).toBe(true);
}

/** Commands whose outcome was unknown at some time. */
export const unknowns = (journal: readonly Entry[]): readonly Entry[] =>
  journal.filter(entry => entry.kind === 'told' && entry.outcome === 'unknown');
