import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateReader } from '../../../src/integrations/import/dates.ts';
import { instantOf, isZone, offsetAt } from '../../../src/integrations/import/zones.ts';

function read(text: string, format = 'iso', zone = 'UTC') {
  const reader = dateReader(format, zone);
  if (typeof reader !== 'function') throw new Error(reader.wrong);
  return reader(text);
}

describe('a day', () => {
  test.each([
    ['2017-03-31', 'iso'],
    ['31.03.2017', 'dd.MM.yyyy'],
    ['31.3.2017', 'd.M.yyyy'],
    ['3/31/2017', 'M/d/yyyy'],
    ['20170331', 'yyyyMMdd'],
    ['31 Mar 2017', 'd MMM yyyy'],
    ['31-MAR-2017', 'dd-MMM-yyyy'],
  ])('%s as %s means its 00:00', (text, format) => {
    expect(read(text, format)).toEqual({
      day: '2017-03-31',
      instant: '2017-03-31T00:00:00.000Z',
      hasTime: false,
    });
  });

  test('means 00:00 of its zone', () => {
    expect(read('2017-03-31', 'iso', 'Europe/Berlin')?.instant).toBe('2017-03-30T22:00:00.000Z');
    expect(read('2017-01-31', 'iso', 'Europe/Berlin')?.instant).toBe('2017-01-30T23:00:00.000Z');
    expect(read('2017-01-31', 'iso', 'America/New_York')?.instant).toBe('2017-01-31T05:00:00.000Z');
  });

  test.each([
    '2017-02-29',
    '2017-13-01',
    '2017-00-10',
    '2017-04-31',
    '0000-01-01',
    '2017-3-1',
    '31.03.2017',
    '',
  ])('%j is none', text => {
    expect(read(text)).toBeUndefined();
  });
});

describe('a time', () => {
  test.each([
    ['2017-03-31T14:30', 'iso', 'UTC', '2017-03-31T14:30:00.000Z'],
    ['2017-03-31 14:30:05.25', 'iso', 'UTC', '2017-03-31T14:30:05.250Z'],
    ['2017-03-31T14:30:00Z', 'iso', 'Europe/Berlin', '2017-03-31T14:30:00.000Z'],
    ['2017-03-31T14:30:00+02:00', 'iso', 'UTC', '2017-03-31T12:30:00.000Z'],
    ['2017-03-31T14:30:00-0530', 'iso', 'UTC', '2017-03-31T20:00:00.000Z'],
    ['31.03.2017 14:30', 'dd.MM.yyyy HH:mm', 'Europe/Berlin', '2017-03-31T12:30:00.000Z'],
    ['3/31/2017 12:05 AM', 'M/d/yyyy h:mm a', 'UTC', '2017-03-31T00:05:00.000Z'],
    ['3/31/2017 12:05 pm', 'M/d/yyyy h:mm a', 'UTC', '2017-03-31T12:05:00.000Z'],
    ['31.03.2017 um 9 Uhr', "dd.MM.yyyy 'um' H 'Uhr'", 'UTC', '2017-03-31T09:00:00.000Z'],
  ])('%s as %s in %s is %s', (text, format, zone, instant) => {
    expect(read(text, format, zone)).toMatchObject({ instant, hasTime: true });
  });

  test.each([
    '2017-03-31T24:00',
    '2017-03-31T14:60',
    '2017-03-31T14:30:00+15:00',
    '2017-03-31T14:30:00+02:60',
    '9999-12-31T23:00:00-02:00',
    '0001-01-01T01:00:00+02:00',
  ])('%s is none', text => {
    expect(read(text)).toBeUndefined();
  });

  test('that the clock skips moves on by as much as the clock', () => {
    expect(read('2017-03-26T02:30', 'iso', 'Europe/Berlin')?.instant).toBe('2017-03-26T01:30:00.000Z');
  });

  test('that comes twice is the earlier one', () => {
    expect(read('2017-10-29T02:30', 'iso', 'Europe/Berlin')?.instant).toBe('2017-10-29T00:30:00.000Z');
  });
});

test.each([
  ['dd.MM', 'year'],
  ['yyyy-dd', 'month'],
  ['dd.MM.yy', '"yy"'],
  ['yyyy-MM-dd h:mm', 'h and a'],
  ['yyyy-MM-dd dd', 'twice'],
])('the format %s is refused', (format, reason) => {
  expect(dateReader(format, 'UTC')).toMatchObject({ wrong: expect.stringContaining(reason) });
});

describe('any date', () => {
  const moment = fc.date({
    min: new Date('1600-01-01'),
    max: new Date('2400-01-01'),
    noInvalidDate: true,
  });
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata', 'Pacific/Apia');

  test('written as ISO is read as itself', () => {
    fc.assert(
      fc.property(moment, date => {
        expect(read(date.toISOString())?.instant).toBe(date.toISOString());
      }),
    );
  });

  test('is read as the same day in every format', () => {
    fc.assert(
      fc.property(moment, date => {
        const day = date.toISOString().slice(0, 10);
        const [y, m, d] = day.split('-').map(Number);
        expect(read(day)?.day).toBe(day);
        expect(read(`${d}/${m}/${y}`, 'd/M/yyyy')?.day).toBe(day);
        expect(read(day.replaceAll('-', ''), 'yyyyMMdd')?.day).toBe(day);
      }),
    );
  });

  test('has a local time that leads back to it, or to its twin', () => {
    fc.assert(
      fc.property(moment, zone, (date, name) => {
        const instant = Math.floor(date.getTime() / 1000) * 1000;
        const local = instant + offsetAt(instant, name);
        const back = instantOf(local, name);
        expect(back).toBeLessThanOrEqual(instant);
        expect(back + offsetAt(back, name)).toBe(local);
      }),
    );
  });

  test('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string(), text => void read(text, 'dd.MM.yyyy HH:mm:ss', 'Europe/Berlin')));
  });
});

test('zones are known by name', () => {
  expect(isZone('Europe/Berlin')).toBe(true);
  expect(isZone('Europe/Atlantis')).toBe(false);
});
