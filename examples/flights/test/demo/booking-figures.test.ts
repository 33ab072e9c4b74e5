import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type BookingFigures, type BookingsToCheck, soldBy, violationsOf } from '../../demo/booking-figures.ts';

function booking(id: string, flight: string, member: string, outcome: string): BookingFigures {
  return {
    id,
    flight,
    member,
    miles: 100,
    outcome,
  };
}

/** Flight F has two seats, one already taken. Ada booked F and G, Bob was too late for F, and Cleo has too few miles. */
const asked = [
  booking('1', 'F', 'Ada', 'committed'),
  booking('2', 'F', 'Bob', 'full'),
  booking('3', 'G', 'Cleo', 'too-few-miles'),
  booking('4', 'G', 'Ada', 'committed'),
  booking('5', 'G', 'Bob', 'stream-busy'),
];

/** What a Region shows: correct, except for the given changes. */
function region(changes: Partial<{ F: string[]; G: string[]; ada: object; bob: object; cleo: object }> = {}) {
  return {
    region: 'here',
    seats: new Map([
      ['F', changes.F ?? ['before', 'Ada']],
      ['G', changes.G ?? ['Ada']],
    ]),
    miles: new Map([
      ['Ada', { balance: 800, paid: { F: 100, G: 100 }, ...changes.ada }],
      ['Bob', { balance: 1000, paid: {}, ...changes.bob }],
      ['Cleo', { balance: 99, paid: {}, ...changes.cleo }],
    ]),
  };
}

function check(change: Partial<BookingsToCheck> = {}) {
  return violationsOf({
    bookings: asked,
    capacity: 2,
    aboard: new Map([
      ['F', ['before']],
      ['G', []],
    ]),
    earned: new Map([
      ['Ada', 1000],
      ['Bob', 1000],
      ['Cleo', 99],
    ]),
    regions: [region()],
    ...change,
  });
}

describe('the figures of bookings', () => {
  it('import nothing, so they share no mistake with the code that they check', () => {
    const source = readFileSync(new URL('../../demo/booking-figures.ts', import.meta.url), 'utf8');
    expect(source).not.toMatch(/^import|import\(/m);
  });

  it('count the seats that were sold, and the miles paid for them', () => {
    expect(soldBy(asked)).toEqual({ seats: 2, miles: 200 });
  });

  it('find nothing if every Region shows exactly the reported outcomes', () => {
    expect(check({ regions: [region(), region({ F: ['Ada', 'before'] })] })).toEqual([]);
  });

  it.each([
    ['a seat without a confirmed booking', { F: ['before', 'Ada', 'Bob'] }, 'has other passengers'],
    ['more passengers than seats', { F: ['before', 'Ada', 'Bob'] }, 'F has 3 passengers on 2 seats'],
    ['a seat that is missing', { F: ['before'] }, 'F has other passengers'],
    ['a seat that is held twice', { G: ['Ada', 'Ada'] }, 'G has other passengers'],
    ['a seat taken from a passenger who had it before', { F: ['Ada'] }, 'F has other passengers'],
    ['a payment without a seat', { bob: { balance: 900, paid: { F: 100 } } }, 'Bob has paid for other seats'],
    ['a seat without a payment', { ada: { balance: 900, paid: { F: 100 } } }, 'Ada has paid for other seats'],
    ['another price', { ada: { paid: { F: 100, G: 50 } } }, 'Ada has paid for other seats'],
    ['miles that were lost', { ada: { balance: 700 } }, 'Ada has 700 miles, not 1000 less 200'],
    ['a debt', { bob: { balance: -1 } }, 'Bob has -1 miles.'],
    ['a member who could have paid', { cleo: { balance: 100 } }, '3: Cleo has 100 miles.'],
    ['a flight that was not full', { F: ['Ada'] }, '2: F is not full.'],
  ])('find %s', (_what, change, violation) => {
    expect(check({ regions: [region(), region(change)] })).toContainEqual(expect.stringContaining(violation));
  });

  it('report streams that are not shown at all', () => {
    const violations = check({ regions: [{ region: 'here', seats: new Map(), miles: new Map() }] });
    for (const missing of ['F', 'G', 'Ada', 'Bob', 'Cleo'])
      expect(violations).toContainEqual(expect.stringMatching(new RegExp(`^here: ${missing} `)));
  });
});
