/** The data folders of every landed version, started by this one: see tests/fixtures/data-folders/README.md. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeBed, settings, stop } from './support/bed.ts';
import { ask, data } from './support/graphql.ts';
import { typesIn } from './support/log.ts';
import { CHECKOUT, relata } from './support/program.ts';

const FOLDERS = join(CHECKOUT, 'tests/fixtures/data-folders');
const versions = (await readdir(FOLDERS, { withFileTypes: true }))
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name);

const bed = makeBed();

test('there is one of 0.1.0', () => {
  expect(versions).toContain('0.1.0');
});

test.each(versions)(
  '%s: the read models are built anew, and answer as they did; commands go on',
  async version => {
    const kept = join(FOLDERS, version);
    const dir = await bed.folder();
    for (const part of ['relata.json', 'keys'])
      await cp(join(kept, part), join(dir, part), { recursive: true });
    await mkdir(join(dir, 'eventstore'));
    const log = gunzipSync(await readFile(join(kept, 'events.db.gz')));
    await writeFile(join(dir, 'eventstore/events.db'), log);

    const app = await bed.start({ dir });
    const questions = await readFile(join(kept, 'questions.graphql'), 'utf8');
    const answers: unknown = JSON.parse(await readFile(join(kept, 'answers.json'), 'utf8'));
    expect(await data(app.url, questions)).toEqual(answers);

    // The first command of the folder, sent again: recognised by the hash of its input, under the folder's key.
    const first = { name: 'Ann Smith', email: 'ann@example.com', commandId: 'step-0' };
    const invite = 'mutation ($input: InviteUserInput!) { inviteUser(input: $input) { id } }';
    const before = await typesIn(app.eventStoreUrl);
    expect((await ask(app.url, invite, { input: first })).errors).toBeUndefined();
    expect(await typesIn(app.eventStoreUrl)).toEqual(before);
    expect(await ask(app.url, invite, { input: { ...first, name: 'Another' } })).toMatchObject({
      errors: [{ extensions: { code: 'COMMAND_ID_REUSED' } }],
    });
    // Every record takes another command: its stream is read to the end.
    const { opportunities } = answers as { opportunities: { edges: { node: { id: string } }[] } }; // as was asked
    for (const { node } of opportunities.edges)
      expect(
        await ask(app.url, `mutation { tagOpportunity(input: { id: "${node.id}", tags: ["kept"] }) { id } }`),
      ).toMatchObject({
        data: { tagOpportunity: { id: node.id } },
      });
    // The log and what was built of it are whole, with what was appended since.
    const { code, out } = await bed.use(relata(['verify'], { env: settings(dir) })).ended;
    expect([code, out]).toEqual([0, expect.stringContaining('All is as it was written.')]);
    expect((await stop(app)).code).toBe(0);
  },
);
