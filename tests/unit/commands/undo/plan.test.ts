/** What stays, whatever is undone: events that can't be taken back, and what came before them. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Aggregate, defineAggregate } from '../../../../src/domain/kernel/aggregate.ts';
import { command } from '../../../../src/domain/kernel/command.ts';
import { defineEvents, type NewEvent } from '../../../../src/domain/kernel/events.ts';
import { begun, call, never, part } from '../../../../src/domain/kernel/undo.ts';
import { Text } from '../../../../src/domain/kernel/values.ts';
import { OTHERS, openStream, SERIES } from './stream.ts';

type Light = { readonly level: number };
const events = defineEvents('light', {
  LightHung: { name: Text(20) },
  LightDimmed: { to: z.int() },
  LightSealed: {},
});
const light = (undo: object) =>
  defineAggregate<Light, typeof events>({
    category: 'light',
    details: { name: Text(20) },
    events,
    initial: { level: 0 },
    evolve: {
      LightHung: s => s,
      LightDimmed: (_, { to }) => ({ level: to }),
      LightSealed: s => s,
    },
    undo: {
      LightHung: begun,
      LightDimmed: (_: unknown, { level }: Light) => part('level', call('dimLight', { to: level })),
      LightSealed: never('what is sealed stays sealed'),
      ...undo,
    },
    commands: {
      dimLight: command<Light>()({
        input: { to: z.int() },
        decide: ({ to }) => [events.LightDimmed({ to })],
      }),
    },
  }) as unknown as Aggregate; // its state is its own affair

const hung = events.LightHung({ name: 'Lamp' });
const dimmed = (to: number) => events.LightDimmed({ to });
const sealed = events.LightSealed({});

function lit(aggregate: Aggregate, ...happened: readonly (readonly [NewEvent, string])[]) {
  const stream = openStream(aggregate);
  for (const [event, correlationId] of happened) stream.happen([event], correlationId);
  return stream;
}

test('an event that can’t be taken back stays, with the reason', async () => {
  const stream = lit(light({}), [hung, OTHERS], [dimmed(1), SERIES], [sealed, SERIES]);
  const { leftAlone, events: decided } = await stream.undo(SERIES, 'undo');
  expect(leftAlone).toMatchObject([
    { why: 'STAYS', parts: [], message: 'what is sealed stays sealed', event: { type: 'LightSealed' } },
    { why: 'STAYS', parts: ['level'], event: { type: 'LightDimmed' }, by: { type: 'LightSealed' } },
  ]);
  expect(decided).toEqual([]);
});

test('of others it is an edit of everything', async () => {
  const stream = lit(light({}), [hung, OTHERS], [dimmed(1), SERIES], [sealed, OTHERS], [dimmed(2), SERIES]);
  const { leftAlone, takenBack } = await stream.undo(SERIES, 'undo');
  expect(takenBack).toMatchObject([{ parts: ['level'], event: { revision: 3 } }]);
  expect(leftAlone).toMatchObject([
    { why: 'EDITED_SINCE', event: { revision: 1 }, by: { type: 'LightSealed' } },
  ]);
  expect(stream.folded().state).toEqual({ level: 1 });
});

test('one of which nothing is declared stays', async () => {
  const stream = lit(light({ LightDimmed: undefined }), [hung, OTHERS], [dimmed(1), SERIES]);
  expect((await stream.undo(SERIES, 'undo')).leftAlone).toMatchObject([
    { why: 'STAYS', message: 'nothing is declared that would take it back' },
  ]);
});

test('a sender’s own commandId does not make an undo', async () => {
  const stream = lit(light({}), [hung, OTHERS], [dimmed(1), SERIES]);
  stream.happen([dimmed(2), events.LightDimmed({ to: 3 })], OTHERS, 'undo.mine');
  expect(await stream.undo(SERIES, 'undo')).toMatchObject({
    takenBack: [],
    leftAlone: [{ by: { commandId: 'undo.mine', revision: 3 } }],
  });
});
