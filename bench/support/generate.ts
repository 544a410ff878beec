/**
 * A long and plausible log, fast: accounts, contacts, opportunities that move, change, are won and lost, activities. Time
 * passes from event to event, so the stories of many records interleave, as in a real log. Every event is valid, and
 * chained by its hash to the one before it in its stream.
 */
import { streamName } from '../../src/domain/kernel/aggregate.ts';
import type { NewEvent } from '../../src/domain/kernel/events.ts';
import { idFrom, streamHash } from '../../src/eventstore/hash.ts';
import { type Random, seeded } from './random.ts';
import type { Sealed, Sealer } from './seal.ts';

/** What is to be appended at once, to a stream at exactly this revision (-1: which doesn't exist). */
export type Append = {
  readonly stream: string;
  readonly revision: number;
  readonly events: readonly Sealed['wire'][];
};

export type LogShape = {
  readonly seed: number;
  readonly workspaceId: string;
  /** How many events at least; the last append may go a few beyond. */
  readonly events: number;
  /** How often each kind of step is taken, in proportion to the others. */
  readonly weights: Readonly<Record<StepName, number>>;
  /** Steps of an opportunity's story that are appended together; more make a log faster, and less interleaved. */
  readonly stepsAtOnce: number;
};

/** As a sales team leaves it behind. */
export const SALES: Pick<LogShape, 'weights' | 'stepsAtOnce'> = {
  weights: { account: 4, contact: 6, open: 12, advance: 48, plan: 15, finish: 10, log: 5 },
  stepsAtOnce: 1,
};

/** Of opportunities above all: every fifth event opens one, three of five go on with one. */
export const DEALS: Pick<LogShape, 'weights' | 'stepsAtOnce'> = {
  weights: { account: 2, contact: 2, open: 21, advance: 59, plan: 8, finish: 4, log: 2 },
  stepsAtOnce: 1,
};

/** The log's clock begins and ends here, whatever its length. */
export const BEGINS = Date.parse('2022-01-03T08:00:00.000Z');
export const ENDS = Date.parse('2024-01-03T08:00:00.000Z');

type StepName = 'account' | 'contact' | 'open' | 'advance' | 'plan' | 'finish' | 'log';
type Stream = { readonly id: string; readonly name: string; revision: number; prevHash: string };
type Opportunity = Stream & { stage: number; amount: number };

const USERS = 40;
const OPEN_STAGES = ['Prospecting', 'Qualifying', 'Proposing', 'Negotiating'] as const;

export function* generateLog(seal: Sealer, shape: LogShape): Generator<Append> {
  const random = seeded(shape.seed);
  let made = 0;

  const instant = () => new Date(BEGINS + ((ENDS - BEGINS) * Math.min(made, shape.events)) / shape.events);
  const newStream = (category: string, id = random.uuid()): Stream => {
    const name = streamName(category, shape.workspaceId, id);
    return { id, name, revision: -1, prevHash: streamHash(name) };
  };
  const append = (stream: Stream, ...events: readonly NewEvent[]): Append => {
    const occurredAt = instant().toISOString();
    const commandId = random.uuid();
    const envelope = {
      workspaceId: shape.workspaceId,
      actor: { type: 'user' as const, id: random.pick(users).id },
      commandId,
      inputHash: random.hex(64),
      $correlationId: commandId,
      $causationId: commandId,
      occurredAt,
      recordedAt: occurredAt,
    };
    const { name, revision } = stream;
    made += events.length;
    const wires = events.map(event => {
      const { wire, hash } = seal(event, {
        stream: name,
        revision: ++stream.revision,
        prevHash: stream.prevHash,
        envelope,
      });
      stream.prevHash = hash;
      return wire;
    });
    return { stream: name, revision, events: wires };
  };

  const users = Array.from({ length: USERS }, () => newStream('user'));
  const pipeline = newStream('pipeline');
  const stageIds = [...OPEN_STAGES, 'Won', 'Lost'].map(() => random.uuid());
  const stage = (place: number): string => stageIds[place] ?? pipeline.id;
  const won = OPEN_STAGES.length;
  const accounts: Stream[] = [];
  const open: Opportunity[] = [];
  const planned: Stream[] = [];

  const day = (inDays: number) =>
    new Date(instant().getTime() + inDays * 86_400_000).toISOString().slice(0, 10);
  const money = (euros: number) => ({ amount: `${euros}.00`, currency: 'EUR' });
  const takeOut = <T>(list: T[]): T | undefined => {
    const place = random.below(list.length);
    const taken = list[place];
    const last = list.pop();
    if (last !== undefined && place < list.length) list[place] = last;
    return taken;
  };

  const register = (): Append => {
    const account = newStream('account');
    accounts.push(account);
    return append(account, {
      type: 'AccountRegistered',
      data: {
        name: `${random.pick(NAMES)} ${random.pick(TRADES)} ${accounts.length}`,
        industry: random.pick(TRADES),
        employees: 5 + random.below(20_000),
        annualRevenue: money(10_000 * (1 + random.below(9_000))),
        addresses: [{ city: 'Berlin', country: 'Germany' }],
        ownerId: random.pick(users).id,
        lifecycle: 'prospect',
      },
    });
  };

  /** One event of an open opportunity's story; the last one closes it. */
  const storyStep = (opportunity: Opportunity): NewEvent => {
    const { stage: at } = opportunity;
    const chance = random.fraction();
    if (chance < 0.5) {
      opportunity.stage = (at + 1 + random.below(OPEN_STAGES.length - 1)) % OPEN_STAGES.length;
      return { type: 'OpportunityMovedToStage', data: { from: stage(at), to: stage(opportunity.stage) } };
    }
    if (chance < 0.7) {
      opportunity.amount += 100 + random.below(5_000);
      return { type: 'OpportunityAmountChanged', data: { amount: money(opportunity.amount) } };
    }
    if (chance < 0.8)
      return { type: 'OpportunityCloseDateChanged', data: { closeDate: day(30 + random.below(90)) } };
    const ending = { from: stage(at), amount: money(opportunity.amount), closedOn: day(0) };
    opportunity.stage = -1;
    return chance < 0.92
      ? { type: 'OpportunityWon', data: { ...ending, stageId: stage(won) } }
      : { type: 'OpportunityLost', data: { ...ending, stageId: stage(won + 1), reasonCode: 'price' } };
  };

  const steps: Record<StepName, () => Append | undefined> = {
    account: register,
    contact: () => {
      const name = `${random.pick(NAMES)} ${random.pick(NAMES)}son`;
      const phones = [`+4930${1_000_000 + random.below(8_999_999)}`];
      return append(
        newStream('contact'),
        { type: 'ContactCreated', data: { name, phones, title: 'Head of Buying', emails: [] } },
        {
          type: 'ContactAffiliated',
          data: { accountId: random.pick(accounts).id, primary: true, from: day(0) },
        },
      );
    },
    open: () => {
      const opportunity = { ...newStream('opportunity'), stage: 0, amount: 500 + random.below(100_000) };
      open.push(opportunity);
      return append(opportunity, {
        type: 'OpportunityOpened',
        data: {
          name: `${random.pick(TRADES)} for ${random.pick(NAMES)}`,
          accountId: random.pick(accounts).id,
          ownerId: random.pick(users).id,
          pipelineId: pipeline.id,
          stageId: stage(0),
          amount: money(opportunity.amount),
          closeDate: day(60),
          source: 'web',
        },
      });
    },
    advance: () => {
      const opportunity = takeOut(open);
      if (!opportunity) return undefined;
      const story: NewEvent[] = [];
      while (story.length < shape.stepsAtOnce && opportunity.stage >= 0) story.push(storyStep(opportunity));
      if (opportunity.stage >= 0) open.push(opportunity);
      return append(opportunity, ...story);
    },
    plan: () => {
      const activity = newStream('activity');
      planned.push(activity);
      const dueAt = new Date(instant().getTime() + 3_600_000 * random.below(200)).toISOString();
      return append(activity, {
        type: 'ActivityScheduled',
        data: { ...about(random, accounts, open), subject: 'Call about the proposal', type: 'call', dueAt },
      });
    },
    finish: () => {
      const activity = takeOut(planned);
      if (!activity) return undefined;
      return append(activity, {
        type: 'ActivityCompleted',
        data: { outcome: 'they think about it', minutes: 20 },
      });
    },
    log: () =>
      append(newStream('activity'), {
        type: 'ActivityLogged',
        data: {
          ...about(random, accounts, open),
          subject: 'What they said',
          body: 'They want it in spring, with training for the whole team, and compare with two others.',
          type: 'note',
        },
      }),
  };

  for (const [i, user] of users.entries())
    yield append(user, {
      type: 'UserInvited',
      data: { name: `${random.pick(NAMES)} ${i}`, jobTitle: 'Sales' },
    });
  yield append(pipeline, {
    type: 'PipelineDefined',
    data: { name: 'Sales', stages: stageIds.map(stageData) },
  });
  yield append(newStream('workspace', idFrom(shape.workspaceId, 'workspace')), {
    type: 'WorkspaceDefaultPipelineChosen',
    data: { pipelineId: pipeline.id },
  });
  for (let i = 0; i < 20; i++) yield register();

  const lot = Object.entries(shape.weights).flatMap(([name, weight]) =>
    Array<StepName>(weight).fill(name as StepName),
  ); // the keys are StepNames by LogShape
  while (made < shape.events) {
    const step = steps[random.pick(lot)]();
    if (step) yield step;
  }
}

const about = (random: Random, accounts: readonly Stream[], open: readonly Stream[]) => ({
  accountId: random.pick(accounts).id,
  ...(open.length > 0 && { opportunityId: random.pick(open).id }),
});

/** Its keys are sorted, as the sealer wants them inside of data. */
function stageData(stageId: string, place: number) {
  const name = OPEN_STAGES[place];
  if (name)
    return { category: 'open', forecastCategory: 'pipeline', name, probability: 20 * (place + 1), stageId };
  return place === OPEN_STAGES.length
    ? { category: 'won', forecastCategory: 'closed', name: 'Won', probability: 100, stageId }
    : { category: 'lost', forecastCategory: 'omitted', name: 'Lost', probability: 0, stageId };
}

const NAMES =
  'Abel Berta Cecil Dora Emil Frida Gerda Hugo Ida Jonas Klara Lena Max Nora Otto Paula Rosa Theo'.split(' ');
const TRADES =
  'Software Retail Logistics Medical Finance Energy Telecom Marketing Services Entertainment'.split(' ');
