/** Sends commands by GraphQL as a client does that must not lose one: what is not known to be done is sent again. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../bench/support/random.ts';
import { withTimeout } from '../../../src/commands/waiting.ts';
import { pascal } from '../../../src/domain/kernel/record.ts';
import { readRunningInstance } from '../../../src/runtime/instance.ts';
import { type Answer, ask } from '../../system/support/graphql.ts';
import type { Journal, Outcome } from './journal.ts';

/** Longer than Relata lets any request take. */
const ANSWER_MS = 40_000;
/** Of a command whose outcome is unknown, so many in a hundred are never asked for again. */
const GIVEN_UP = 15;

/** Codes after which it is not known whether a command was carried out; every other refusal did nothing. */
const UNKNOWN = new Set(['UNAVAILABLE', 'INTERNAL']);

export type Command = { readonly name: string; readonly input: Readonly<Record<string, unknown>> };

/** @param dirs data folders whose instances take commands; they may end, and come back elsewhere. */
export function createSender(dirs: readonly string[], journal: Journal, random: Random) {
  const urls = new Map<string, string>();

  const post = async (query: string, variables: object): Promise<Answer | undefined> => {
    const dir = random.pick(dirs);
    const url = urls.get(dir) ?? (await readRunningInstance(dir))?.url;
    if (url === undefined) return undefined;
    urls.set(dir, url);
    try {
      return await withTimeout(ask(url, query, variables), ANSWER_MS);
    } catch {
      urls.delete(dir); // it may be elsewhere when it comes back
      return undefined;
    }
  };

  const attempt = async ({ name, input }: Command, commandId: string): Promise<Outcome> => {
    const document = `mutation ($input: ${pascal(name)}Input!) { done: ${name}(input: $input) { id revision position } }`;
    await journal.write({ kind: 'sent', commandId, name, input, at: new Date().toISOString() });
    const outcome = outcomeOf(await post(document, { input: { ...input, commandId } }));
    await journal.write({ kind: 'told', commandId, at: new Date().toISOString(), ...outcome });
    return outcome;
  };

  return {
    /** Until the outcome is known; some clients give up before. */
    carryOut: async (command: Command, patience: 'endless' | 'some' = 'some'): Promise<Outcome> => {
      const commandId = randomUUID();
      for (let tries = 0; ; tries++) {
        const outcome = await attempt(command, commandId);
        if (outcome.outcome !== 'unknown') return outcome;
        if (patience === 'some' && random.below(100) < GIVEN_UP) return outcome;
        await delay(random.below(Math.min(1_000, 50 * 2 ** tries)));
      }
    },

    /** Asks for a record as of a position that was answered for it. */
    look: async (type: string, id: string, position: string, revision: number): Promise<void> => {
      const document = `query ($id: ID!, $at: Position) { record: ${type}(id: $id, after: $at) { revision } }`;
      const answer = await post(document, { id, at: position });
      await journal.write({ kind: 'looked', id, position, revision, saw: sawOf(answer) });
    },
  };
}

function outcomeOf(answer: Answer | undefined): Outcome {
  if (!answer) return { outcome: 'unknown' };
  const code = codeOf(answer);
  const done = answer.data?.done as { id: string; revision: number; position: string } | null | undefined;
  if (done) return { outcome: 'ok', ...done };
  if (code !== undefined && !UNKNOWN.has(code)) return { outcome: 'rejected', code };
  return { outcome: 'unknown', status: answer.status, ...(code !== undefined && { code }) };
}

function sawOf(answer: Answer | undefined): number | string {
  if (!answer) return 'unanswered';
  const record = answer.data?.record as { revision: number } | null | undefined;
  return record?.revision ?? codeOf(answer) ?? 'gone';
}

const codeOf = ({ errors }: Answer): string | undefined => {
  const { code, rule } = (errors?.[0]?.extensions ?? {}) as { code?: string; rule?: string };
  return rule ?? code;
};
