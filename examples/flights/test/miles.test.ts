import type { StreamDefinition } from '@meridian-es/meridian';
import { given, nothing, rejected } from '@meridian-es/meridian/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { miles } from '../miles.ts';

function earned(miles: number) {
  return { type: 'MilesEarned', data: { miles } } as const;
}
function paid(miles: number, booking: string) {
  return { type: 'MilesPaid', data: { miles, booking } } as const;
}

describe('miles', () => {
  it('are earned, and paid for a booking', () => {
    given(miles).hasState({ balance: 0, paid: {} });
    given(miles).when('earn', { miles: 500 }).then(earned(500));
    given(miles, earned(500)).when('pay', { miles: 500, booking: 'trip' }).then(paid(500, 'trip'));
    given(miles, earned(500), paid(200, 'trip'), earned(50)).hasState({ balance: 350, paid: { trip: 200 } });
  });

  it('cannot be paid if there are too few, and the refusal reports the balance', () => {
    given(miles, earned(500), paid(200, 'trip'))
      .when('pay', { miles: 301, booking: 'other' }, { id: 'LAX.ada' })
      .then(rejected('LAX.ada has 300 miles, and other costs 301.', { member: 'LAX.ada', balance: 300, miles: 301 }));
  });

  it('are paid once for a booking, even if none are left', () => {
    given(miles, earned(200), paid(200, 'trip')).when('pay', { miles: 200, booking: 'trip' }).then(nothing);
  });

  it('cannot be paid again for a booking at another price', () => {
    given(miles, earned(500), paid(200, 'trip'))
      .when('pay', { miles: 100, booking: 'trip' }, { id: 'LAX.ada' })
      .then(
        rejected('LAX.ada has paid 200 miles for trip already.', { member: 'LAX.ada', booking: 'trip', paid: 200 }),
      );
  });

  it('are paid for a booking with any id', () => {
    for (const booking of ['constructor', '__proto__', 'toString'])
      given(miles, earned(5), paid(1, 'trip')).when('pay', { miles: 1, booking }).then(paid(1, booking));
  });

  it.each([
    ['earn', { miles: 0 }],
    ['earn', { miles: -5 }],
    ['earn', { miles: 1.5 }],
    ['earn', { miles: 5, for: 'nothing' }],
    ['pay', { miles: 5 }],
    ['pay', { miles: -5, booking: 'trip' }],
    ['pay', { miles: 5, booking: '' }],
  ])('refuse to %s %j', (command, input) => {
    const untyped: StreamDefinition = miles;
    expect(() => given(untyped).when(command, input)).toThrow(expect.objectContaining({ code: 'validation' }));
  });

  it('never fall below zero, and all earned miles are left or were paid', () => {
    const requests = fc.array(
      fc.oneof(
        fc.record({ command: fc.constant('earn'), input: fc.record({ miles: fc.integer({ min: 1, max: 9 }) }) }),
        fc.record({
          command: fc.constant('pay'),
          input: fc.record({ miles: fc.integer({ min: 1, max: 9 }), booking: fc.constantFrom('a', 'b', 'c', 'd') }),
        }),
      ),
    );
    fc.assert(
      fc.property(requests, (requests) => {
        let member = given(miles);
        let all = 0;
        for (const { command, input } of requests) {
          const decision = member.when(command, input);
          if (command === 'earn') all += input.miles;
          try {
            member = member.and(...decision.events);
          } catch (error) {
            expect(error).toMatchObject({ code: 'rejected' });
          }
          const { balance, paid } = member.state;
          expect(balance).toBeGreaterThanOrEqual(0);
          expect(balance + Object.values(paid).reduce((sum, miles) => sum + miles, 0)).toBe(all);
        }
      }),
    );
  });

  it('are at home in the Region nearest to the airport that the member flies from', () => {
    const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
    expect(miles.home('LAX.ada', regions)).toBe('us-west-2');
    expect(miles.home('BNA.bob', regions)).toBe('us-east-2');
    expect(miles.home('BOS.cleo.2', regions)).toBe('us-east-1');
  });

  it('refuse a member of an airport that does not exist', () => {
    expect(() => miles.home('XXX.ada', ['us-east-1'])).toThrow(
      expect.objectContaining({ code: 'rejected', message: expect.stringContaining('There is no airport XXX') }),
    );
  });

  it.each(['ada', 'LAX', 'LAX.', 'lax.ada', '.ada', 'LAX-ada', ''])('refuse "%s", which names no member', (id) => {
    expect(() => miles.home(id, ['us-east-1'])).toThrow(
      expect.objectContaining({ code: 'rejected', message: expect.stringContaining('such as LAX.ada') }),
    );
  });
});
