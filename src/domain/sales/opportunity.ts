/**
 * Opportunity: a possible sale to an account, moved along a pipeline until it is won or lost.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { sameMoney } from '../kernel/money.ts';
import { ownership } from '../kernel/record.ts';
import { type Rejection, reject } from '../kernel/rejection.ts';
import { begun, call, type Part, part } from '../kernel/undo.ts';
import { Id, LocalDate, type Money, Price, Ref, Text } from '../kernel/values.ts';
import { checkLines, Line, LineInput, lineFields, MAX_LINES, sumOfLines, withLine } from './lines.ts';
import { closingStage, pipeline, stageOf } from './pipeline.ts';
import { workspace } from './workspace.ts';

const details = {
  name: Text(200),
  accountId: Ref('account').optional(),
  primaryContactId: Ref('contact').optional(),
  source: Text(100).optional(),
  description: Text(8_000).optional(),
};

export const events = defineEvents('opportunity', {
  OpportunityOpened: described('A possible sale was opened in a stage of a pipeline.', {
    ...details,
    ...ownership,
    pipelineId: Ref('pipeline'),
    stageId: Id,
    amount: Price.optional(),
    closeDate: LocalDate.optional(),
    lines: z.array(Line).max(MAX_LINES).optional(),
  }),
  OpportunityMovedToStage: described('It was moved to another open stage of its pipeline.', {
    from: Id,
    to: Id,
  }),
  OpportunityAmountChanged: described('Its amount was set by hand, or cleared.', {
    amount: Price.nullable(),
  }),
  OpportunityCloseDateChanged: described('The day on which it is expected to close was set, or cleared.', {
    closeDate: LocalDate.nullable(),
  }),
  OpportunityLineAdded: described('A line was added; priced lines set the amount.', { line: Line }),
  OpportunityLineChanged: described('A line was changed; it is given as it now is.', { line: Line }),
  OpportunityLineRemoved: described('A line was removed.', { lineId: Id }),
  OpportunityWon: described('It was won for this amount.', {
    from: Id,
    stageId: Id,
    amount: Price,
    closedOn: LocalDate,
  }),
  OpportunityLost: described('It was lost, for the reason given.', {
    from: Id,
    stageId: Id,
    amount: Price.optional(),
    closedOn: LocalDate,
    reasonCode: Text(60),
    note: Text(2_000).optional(),
  }),
  OpportunityReopened: described('Having been won or lost, it was opened again.', {
    stageId: Id,
    reason: Text(500).optional(),
  }),
});

type Deal = {
  readonly pipelineId: Id;
  readonly stageId: Id;
  readonly amount?: Money;
  readonly closeDate?: LocalDate;
  readonly lines: readonly Line[];
};

export type Opportunity =
  | { readonly status: 'none' }
  | (Deal & { readonly status: 'open' })
  | (Deal & {
      readonly status: 'won' | 'lost';
      readonly closedOn: LocalDate;
      readonly openStageId: Id;
      readonly reasonCode?: string;
      readonly note?: string;
    });

const define = command<Opportunity>();
const noLongerOpen = (s: Opportunity): Rejection =>
  reject('NOT_OPEN', `the opportunity is ${s.status}; reopen it first`, undefined, { status: s.status });

export const opportunity = defineAggregate<Opportunity, typeof events>({
  category: 'opportunity',
  details,
  events,
  initial: { status: 'none' },
  evolve: {
    OpportunityOpened: (_, e) => ({
      status: 'open',
      pipelineId: e.pipelineId,
      stageId: e.stageId,
      lines: e.lines ?? [],
      ...(e.amount && { amount: e.amount }),
      ...(e.closeDate && { closeDate: e.closeDate }),
    }),
    OpportunityMovedToStage: (s, e) => deal(s, { stageId: e.to }),
    OpportunityAmountChanged: (s, e) => deal(s, { amount: e.amount ?? undefined }),
    OpportunityCloseDateChanged: (s, e) => deal(s, { closeDate: e.closeDate ?? undefined }),
    OpportunityLineAdded: (s, e) => deal(s, { lines: withLine(linesOf(s), e.line) }),
    OpportunityLineChanged: (s, e) => deal(s, { lines: withLine(linesOf(s), e.line) }),
    OpportunityLineRemoved: (s, e) => deal(s, { lines: linesOf(s).filter(line => line.lineId !== e.lineId) }),
    OpportunityWon: (s, e) =>
      s.status === 'none'
        ? s
        : {
            ...s,
            status: 'won',
            stageId: e.stageId,
            openStageId: e.from,
            amount: e.amount,
            closedOn: e.closedOn,
          },
    OpportunityLost: (s, e) =>
      s.status === 'none'
        ? s
        : {
            ...s,
            status: 'lost',
            stageId: e.stageId,
            openStageId: e.from,
            closedOn: e.closedOn,
            reasonCode: e.reasonCode,
            ...(e.note && { note: e.note }),
            ...(e.amount && { amount: e.amount }),
          },
    OpportunityReopened: (s, e) => {
      if (s.status !== 'won' && s.status !== 'lost') return s;
      const { closedOn: _, openStageId: __, reasonCode: ___, note: ____, ...rest } = s;
      return { ...rest, status: 'open', stageId: e.stageId };
    },
  },
  undo: {
    OpportunityOpened: begun,
    OpportunityMovedToStage: e => part('stage', call('moveOpportunityToStage', { stageId: e.from })),
    OpportunityAmountChanged: (_, s) => part('amount', amountBack(s)),
    OpportunityCloseDateChanged: (_, s) =>
      part('closeDate', call('changeOpportunityCloseDate', { closeDate: closeDateOf(s) ?? null })),
    OpportunityLineAdded: ({ line: { lineId } }) =>
      part(`lines.${lineId}`, call('removeOpportunityLine', { lineId })),
    OpportunityLineChanged: ({ line: { lineId } }, s) => lineBack('changeOpportunityLine', lineId, s),
    OpportunityLineRemoved: ({ lineId }, s) => lineBack('addOpportunityLine', lineId, s),
    OpportunityWon: closedBack,
    OpportunityLost: closedBack,
    OpportunityReopened: (_, s) => ({
      parts: ['stage'],
      back: (_parts, now) => {
        if (s.status !== 'won' && s.status !== 'lost') return [];
        const { openStageId: stageId, closedOn, reasonCode, note } = s;
        return [
          ...(now.status === 'open' && now.stageId !== stageId
            ? [call('moveOpportunityToStage', { stageId })]
            : []),
          s.status === 'won'
            ? call('winOpportunity', { closedOn })
            : call('loseOpportunity', { closedOn, reasonCode, ...(note && { note }) }),
        ];
      },
    }),
  },
  commands: {
    openOpportunity: define({
      creates: true,
      description: 'Opens an opportunity in the first open stage of its pipeline, or in the stage given.',
      input: {
        ...details,
        ...ownership,
        pipelineId: Ref('pipeline').optional(),
        stageId: Id.optional(),
        amount: Price.optional(),
        closeDate: LocalDate.optional(),
        lines: z.array(LineInput).max(MAX_LINES).optional(),
      },
      facts: async (read, input) => {
        const pipelineId = input.pipelineId ?? (await read(workspace)).state.defaultPipelineId;
        return { pipelineFact: pipelineId ? await read(pipeline, pipelineId) : undefined };
      },
      decide: ({ lines: wished, ...input }, _, { pipelineFact, childId }) => {
        if (!pipelineFact)
          return reject('NO_PIPELINE', 'name a pipeline, or choose a default one first', 'pipelineId');
        const stage = input.stageId
          ? stageOf(pipelineFact.state, input.stageId)
          : pipelineFact.state.stages.find(s => s.category === 'open');
        if (!stage) return reject('STAGE_UNKNOWN', 'the pipeline has no such stage', 'stageId');
        if (stage.category !== 'open')
          return reject(
            'STAGE_CLOSED',
            'an opportunity opens in an open stage; win or lose it afterwards',
            'stageId',
          );
        const lines = wished?.map((line, i) => ({ ...line, lineId: line.lineId ?? childId(i) })) ?? [];
        const wrong = checkLines(lines);
        if (wrong) return wrong;
        const sum = sumOfLines(lines);
        if (sum && input.amount && !sameMoney(sum, input.amount)) return amountFromLines(sum);
        const amount = sum ?? input.amount;
        return [
          events.OpportunityOpened({
            ...input,
            pipelineId: pipelineFact.id,
            stageId: stage.stageId,
            ...(amount && { amount }),
            ...(lines.length > 0 && { lines }),
          }),
        ];
      },
    }),
    moveOpportunityToStage: define({
      description: 'Moves an open opportunity to another open stage of its pipeline.',
      input: { stageId: Id },
      facts: async (read, _, s) => ({
        known: s.status === 'none' ? undefined : await read(pipeline, s.pipelineId),
      }),
      decide: ({ stageId }, s, { known }) => {
        if (s.status !== 'open') return noLongerOpen(s);
        if (s.stageId === stageId) return [];
        const stage = known && stageOf(known.state, stageId);
        if (!stage) return reject('STAGE_UNKNOWN', "the opportunity's pipeline has no such stage", 'stageId');
        if (stage.category !== 'open')
          return reject(
            'STAGE_CLOSED',
            `use ${stage.category === 'won' ? 'win' : 'lose'}Opportunity for this stage`,
            'stageId',
          );
        return [events.OpportunityMovedToStage({ from: s.stageId, to: stageId })];
      },
    }),
    changeOpportunityAmount: define({
      description: 'Sets the amount, or clears it with null. Priced lines set it themselves.',
      input: { amount: Price.nullable() },
      decide: ({ amount }, s) => {
        if (s.status !== 'open') return noLongerOpen(s);
        if (sameMoney(s.amount, amount ?? undefined)) return [];
        const sum = sumOfLines(s.lines);
        return sum ? amountFromLines(sum) : [events.OpportunityAmountChanged({ amount })];
      },
    }),
    changeOpportunityCloseDate: define({
      description: 'Sets the day on which it is expected to close, or clears it with null.',
      input: { closeDate: LocalDate.nullable() },
      decide: ({ closeDate }, s) => {
        if (s.status !== 'open') return noLongerOpen(s);
        return (s.closeDate ?? null) === closeDate ? [] : [events.OpportunityCloseDateChanged({ closeDate })];
      },
    }),
    addOpportunityLine: define({
      description: 'Adds a product; the amount becomes the sum of the priced lines.',
      input: { ...lineFields, lineId: Id.optional() },
      decide: (input, s, { childId }) => {
        if (s.status !== 'open') return noLongerOpen(s);
        const line: Line = { ...input, lineId: input.lineId ?? childId('line') };
        if (s.lines.some(other => other.lineId === line.lineId))
          return reject(
            'LINE_EXISTS',
            'a line with this lineId exists; change it, or leave the lineId out',
            'lineId',
          );
        return withLines(s, [...s.lines, line], events.OpportunityLineAdded({ line }));
      },
    }),
    changeOpportunityLine: define({
      description: 'Replaces a line; the amount becomes the sum of the priced lines.',
      input: { ...lineFields, lineId: Id },
      decide: (line, s) => {
        if (s.status !== 'open') return noLongerOpen(s);
        const before = s.lines.find(other => other.lineId === line.lineId);
        if (!before) return unknownLine();
        if (sameLine(before, line)) return [];
        return withLines(s, withLine(s.lines, line), events.OpportunityLineChanged({ line }));
      },
    }),
    removeOpportunityLine: define({
      description: 'Removes a line; the amount becomes the sum of the priced lines that are left, if any is.',
      input: { lineId: Id },
      decide: ({ lineId }, s) => {
        if (s.status !== 'open') return noLongerOpen(s);
        if (!s.lines.some(line => line.lineId === lineId)) return unknownLine();
        const left = s.lines.filter(line => line.lineId !== lineId);
        return withLines(s, left, events.OpportunityLineRemoved({ lineId }));
      },
    }),
    winOpportunity: define({
      description: "Closes it as won, into the pipeline's won stage.",
      input: { amount: Price.optional(), closedOn: LocalDate.optional() },
      facts: async (read, _, s) => ({
        known: s.status === 'none' ? undefined : await read(pipeline, s.pipelineId),
      }),
      decide: (input, s, { known, today }) => {
        if (s.status === 'won' && repeats(s, input)) return [];
        if (s.status !== 'open' || !known) return noLongerOpen(s);
        const sum = sumOfLines(s.lines);
        if (sum && input.amount && !sameMoney(sum, input.amount)) return amountFromLines(sum);
        const amount = input.amount ?? s.amount;
        if (!amount) return reject('AMOUNT_MISSING', 'say for how much it was won', 'amount');
        const { stageId } = closingStage(known.state, 'won');
        return (
          closedInTime(input.closedOn, today) ?? [
            events.OpportunityWon({ from: s.stageId, stageId, amount, closedOn: input.closedOn ?? today }),
          ]
        );
      },
    }),
    loseOpportunity: define({
      description: "Closes it as lost, into the pipeline's lost stage, with the reason.",
      input: {
        reasonCode: Text(60),
        note: Text(2_000).optional(),
        amount: Price.optional(),
        closedOn: LocalDate.optional(),
      },
      facts: async (read, _, s) => ({
        known: s.status === 'none' ? undefined : await read(pipeline, s.pipelineId),
      }),
      decide: (input, s, { known, today }) => {
        if (s.status === 'lost' && repeats(s, input)) return [];
        if (s.status !== 'open' || !known) return noLongerOpen(s);
        const sum = sumOfLines(s.lines);
        if (sum && input.amount && !sameMoney(sum, input.amount)) return amountFromLines(sum);
        const { stageId } = closingStage(known.state, 'lost');
        return (
          closedInTime(input.closedOn, today) ?? [
            events.OpportunityLost({ ...input, from: s.stageId, stageId, closedOn: input.closedOn ?? today }),
          ]
        );
      },
    }),
    reopenOpportunity: define({
      description: 'Opens a closed opportunity again, in the stage where it was or in the one given.',
      input: { stageId: Id.optional(), reason: Text(500).optional() },
      facts: async (read, _, s) => ({
        known: s.status === 'none' ? undefined : await read(pipeline, s.pipelineId),
      }),
      decide: (input, s, { known }) => {
        if (s.status === 'open')
          return !input.stageId || input.stageId === s.stageId
            ? []
            : reject('ALREADY_OPEN', 'the opportunity is open; move it to the stage instead', 'stageId');
        if (s.status === 'none' || !known) return noLongerOpen(s);
        const stage = input.stageId
          ? stageOf(known.state, input.stageId)
          : (stageOf(known.state, s.openStageId) ??
            known.state.stages.find(other => other.category === 'open'));
        if (stage?.category !== 'open')
          return reject('STAGE_UNKNOWN', "name an open stage of the opportunity's pipeline", 'stageId');
        return [
          events.OpportunityReopened({
            stageId: stage.stageId,
            ...(input.reason && { reason: input.reason }),
          }),
        ];
      },
    }),
  },
});

const closeDateOf = (s: Opportunity) => (s.status === 'none' ? undefined : s.closeDate);

/** To the amount of this state. */
const amountBack = (s: Opportunity) =>
  call('changeOpportunityAmount', { amount: (s.status === 'none' ? undefined : s.amount) ?? null });

/** To the line of this state. */
function lineBack(command: string, lineId: Id, s: Opportunity) {
  const line = linesOf(s).find(other => other.lineId === lineId);
  return part(`lines.${lineId}`, ...(line ? [call(command, line)] : []));
}

/** Winning and losing may name another amount. */
function closedBack(e: { readonly from: Id; readonly amount?: Money | undefined }, s: Opportunity) {
  const amount = amountBack(s);
  const before = s.status === 'none' ? undefined : s.amount;
  return {
    parts: e.amount && !sameMoney(before, e.amount) ? ['stage', 'amount'] : ['stage'],
    back: (parts: ReadonlySet<Part>) => [
      ...(parts.has('stage') ? [call('reopenOpportunity', { stageId: e.from })] : []),
      ...(parts.has('amount') ? [amount] : []),
    ],
  };
}

const linesOf = (s: Opportunity) => (s.status === 'none' ? [] : s.lines);

/** The state with parts of its deal changed; an undefined part is taken away. */
function deal(s: Opportunity, change: { [K in keyof Deal]?: Deal[K] | undefined }): Opportunity {
  if (s.status === 'none') return s;
  const merged = Object.fromEntries(
    Object.entries({ ...s, ...change }).filter(([, value]) => value !== undefined),
  );
  return merged as Opportunity; // only optional parts can be undefined
}

/** The line event, with the amount that follows where lines have prices. */
function withLines(
  s: Deal,
  lines: readonly Line[],
  change: ReturnType<(typeof events)[keyof typeof events]>,
) {
  const wrong = checkLines(lines);
  if (wrong) return wrong;
  const sum = sumOfLines(lines);
  return sum && !sameMoney(sum, s.amount)
    ? [change, events.OpportunityAmountChanged({ amount: sum })]
    : [change];
}

const sameLine = (a: Line, b: Line) =>
  a.productId === b.productId && a.quantity === b.quantity && sameMoney(a.unitPrice, b.unitPrice);

type Outcome = { readonly [K in 'amount' | 'closedOn' | 'reasonCode' | 'note']?: unknown };

/** Whether everything that is said of the outcome is already so. */
const repeats = (s: Outcome & { amount?: Money }, said: Outcome & { amount?: Money | undefined }) =>
  (!said.amount || sameMoney(s.amount, said.amount)) &&
  (['closedOn', 'reasonCode', 'note'] as const).every(
    part => said[part] === undefined || said[part] === s[part],
  );

const closedInTime = (closedOn: LocalDate | undefined, today: LocalDate) =>
  closedOn && closedOn > today
    ? reject('CLOSED_IN_FUTURE', 'it closed on a day that is still to come; use today or earlier', 'closedOn')
    : undefined;

const amountFromLines = (sum: Money) =>
  reject(
    'AMOUNT_FROM_LINES',
    `its priced lines add up to ${sum.amount} ${sum.currency}; change the lines instead`,
    'amount',
  );

const unknownLine = () => reject('LINE_UNKNOWN', 'the opportunity has no such line', 'lineId');
