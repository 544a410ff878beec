import { describe, expect, test } from 'vitest';
import { closingStage, pipeline, type Stage, stageOf } from '../../../../src/domain/sales/pipeline.ts';
import { childId, given } from '../../../support/decider.ts';
import { id } from '../../../support/ids.ts';
import { defined, LOST, NEW, STAGES, TALKING, WON } from '../../../support/sales.ts';

const { events } = pipeline;
const plain = [{ name: 'New' }, { name: 'Won', category: 'won' }, { name: 'Lost', category: 'lost' }];
const without = (...ids: string[]) => STAGES.filter(stage => !ids.includes(stage.stageId));
const changed = (stages: readonly Stage[], retired: string[] = []) =>
  events.PipelineStagesChanged({ stages: [...stages], retired });

describe('definePipeline', () => {
  const define = (stages: object[]) => given(pipeline).when('definePipeline', { name: 'Sales', stages });

  test('fills in what a category implies', () =>
    define(plain).thenEvents(
      events.PipelineDefined({
        name: 'Sales',
        stages: [
          {
            stageId: childId('New'),
            name: 'New',
            category: 'open',
            probability: 50,
            forecastCategory: 'pipeline',
          },
          {
            stageId: childId('Won'),
            name: 'Won',
            category: 'won',
            probability: 100,
            forecastCategory: 'closed',
          },
          {
            stageId: childId('Lost'),
            name: 'Lost',
            category: 'lost',
            probability: 0,
            forecastCategory: 'omitted',
          },
        ],
      }),
    ));
  test('takes what is said instead', () => define([...STAGES]).thenEvents(defined()));
  test.each([
    ['two won stages', [...plain, { name: 'Won again', category: 'won' }]],
    ['two lost stages', [...plain, { name: 'Lost again', category: 'lost' }]],
    ['no won stage', [{ name: 'A' }, { name: 'B' }, { name: 'Lost', category: 'lost' }]],
    ['no lost stage', [{ name: 'A' }, { name: 'B' }, { name: 'Won', category: 'won' }]],
  ])('refuses %s', (_, stages) => define(stages).thenRejected('STAGE_CLOSING', 'stages'));
  test('refuses two stages of one name, whatever their case', () =>
    define([...plain, { name: 'NEW' }]).thenRejected('STAGE_NAME_TWICE', 'stages'));
  test('refuses two stages with one id', () =>
    define([...plain, { name: 'A', stageId: id(1) }, { name: 'B', stageId: id(1) }]).thenRejected(
      'STAGE_ID_TWICE',
      'stages',
    ));
  test('needs three stages at least', () =>
    expect(define(plain.slice(1)).thenNothing()).rejects.toThrow('stages'));
});

describe('changePipelineStages', () => {
  const sales = given(pipeline, defined());
  const change = (stages: readonly object[]) => sales.when('changePipelineStages', { stages });

  test('replaces the list and retires what is left out', () =>
    change(without(TALKING)).thenEvents(changed(without(TALKING), [TALKING])));
  test('adds stages, in their order', () =>
    change([{ name: 'First' }, ...STAGES]).thenEvents(
      changed([
        {
          stageId: childId('First'),
          name: 'First',
          category: 'open',
          probability: 50,
          forecastCategory: 'pipeline',
        },
        ...STAGES,
      ]),
    ));
  test('says nothing when the list is so already', () => change(STAGES).thenNothing());
  test('a stage without an id is the present one of its name', () =>
    change(STAGES.map(({ stageId: _, ...stage }) => stage)).thenNothing());
  test('a name that comes back in another category is a new stage', () =>
    given(pipeline, defined([...STAGES, { ...STAGES[0]!, stageId: id(8), name: 'Parked' }]))
      .when('changePipelineStages', {
        stages: [...STAGES.filter(s => s.category !== 'lost'), { name: 'Parked', category: 'lost' }],
      })
      .thenEvents(
        changed(
          [
            ...STAGES.filter(s => s.category !== 'lost'),
            {
              stageId: childId('Parked'),
              name: 'Parked',
              category: 'lost',
              probability: 0,
              forecastCategory: 'omitted',
            },
          ],
          [LOST, id(8)],
        ),
      ));
  test('a stage keeps its category', () =>
    change(STAGES.map(s => (s.stageId === NEW ? { ...s, category: 'won' } : s))).thenRejected(
      'STAGE_CATEGORY_FIXED',
      'stages',
    ));
  test('so does a retired one that comes back', () =>
    given(pipeline, defined(), changed(without(TALKING), [TALKING]))
      .when('changePipelineStages', {
        stages: [...without(TALKING, LOST), { stageId: TALKING, name: 'Talking', category: 'lost' }],
      })
      .thenRejected('STAGE_CATEGORY_FIXED'));
  test('retired ones stay retired and known, until they come back', async () => {
    const retired = given(pipeline, defined(), changed(without(TALKING), [TALKING]));
    await retired
      .when('changePipelineStages', { stages: [{ name: 'First' }, ...without(TALKING, NEW)] })
      .thenState({ retired: [{ stageId: NEW }, { stageId: TALKING }] });
    await retired.when('changePipelineStages', { stages: STAGES }).thenEvents(changed(STAGES));
  });
  test('the new list meets the same rules', () =>
    change([...STAGES, { name: 'Won too', category: 'won' }]).thenRejected('STAGE_CLOSING'));
});

describe('a pipeline after', () => {
  test('PipelineDefined has its stages', () => {
    const { state } = given(pipeline, defined());
    expect(state).toEqual({ stages: STAGES, retired: [] });
    expect(stageOf(state, TALKING)?.name).toBe('Talking');
    expect(closingStage(state, 'won').stageId).toBe(WON);
    expect(closingStage(state, 'lost').stageId).toBe(LOST);
  });
  test('PipelineStagesChanged has the new ones, and knows the retired', () => {
    const { state } = given(pipeline, defined(), changed(without(TALKING), [TALKING]));
    expect(state).toEqual({ stages: without(TALKING), retired: [STAGES[1]] });
    expect(stageOf(state, TALKING)).toBeUndefined();
  });
});
