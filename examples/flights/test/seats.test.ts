import type { NewEventOf } from '@meridian-es/meridian';
import { given, nothing, rejected } from '@meridian-es/meridian/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seats } from '../seats.ts';

function reserved(passenger: string) {
  return { type: 'SeatReserved', data: { passenger } } as const;
}
function released(passenger: string) {
  return { type: 'SeatReleased', data: { passenger } } as const;
}
const full = ['Ada', 'Bob', 'Cleo'].map(reserved);

describe('seats', () => {
  it('reserves and releases a seat', () => {
    given(seats).when('reserve', { passenger: 'Ada' }).then(reserved('Ada'));
    given(seats, reserved('Ada')).when('release', { passenger: 'Ada' }).then(released('Ada'));
    given(seats, reserved('Ada'), reserved('Bob'), released('Ada')).hasState({ passengers: ['Bob'] });
  });

  it('decides nothing for a passenger who already has a seat, even if the flight is full', () => {
    given(seats, ...full)
      .when('reserve', { passenger: 'Bob' })
      .then(nothing);
  });

  it('decides nothing when a passenger without a seat releases one', () => {
    given(seats, reserved('Ada')).when('release', { passenger: 'Bob' }).then(nothing);
  });

  it('takes seats back that two homes have given away, from those who came last', () => {
    const both = given(seats, ...full.slice(0, 2)).concurrently([reserved('Cleo')], [reserved('Dan')]);
    expect(both.repair).toEqual([released('Dan')]);
    both.repaired().hasState({ passengers: ['Ada', 'Bob', 'Cleo'] });
  });

  it('refuses the fourth passenger, with the reason', () => {
    given(seats, ...full)
      .when('reserve', { passenger: 'Dan' }, { id: '2001-01-01.LAX-BNA.17' })
      .then(
        rejected('Flight 2001-01-01.LAX-BNA.17 is full: all 3 seats are reserved.', {
          flight: '2001-01-01.LAX-BNA.17',
          seats: 3,
        }),
      );
  });

  it('has a free seat again after one is released', () => {
    given(seats, ...full, released('Bob'))
      .when('reserve', { passenger: 'Dan' })
      .then(reserved('Dan'));
  });

  it('never gives seats to more than three passengers at once, or two seats to one passenger', () => {
    const requests = fc.array(
      fc.record({
        command: fc.constantFrom('reserve', 'release'),
        passenger: fc.constantFrom('Ada', 'Bob', 'Cleo', 'Dan', 'Eve'),
      }),
    );
    fc.assert(
      fc.property(requests, (requests) => {
        const history: NewEventOf<typeof seats.events>[] = [];
        const aboard = new Set<string>();
        for (const { command, passenger } of requests) {
          try {
            history.push(...given(seats, ...history).when(command, { passenger }).events);
          } catch {
            expect(aboard.size).toBe(3);
            continue;
          }
          if (command === 'reserve') aboard.add(passenger);
          else aboard.delete(passenger);
          expect(aboard.size).toBeLessThanOrEqual(3);
          given(seats, ...history).hasState({ passengers: [...aboard] });
        }
      }),
    );
  });

  it('shows a passenger once, however many events name them', () => {
    given(seats, reserved('Ada'), reserved('Ada')).hasState({ passengers: ['Ada'] });
  });

  it('is at home in the Region nearest to the origin', () => {
    const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
    expect(seats.home('2001-01-01.LAX-BNA.17', regions)).toBe('us-west-2');
    expect(seats.home('2001-01-01.BNA-LAX.17', regions)).toBe('us-east-2');
    expect(seats.home('2001-01-01.BOS-LAX.17', regions)).toBe('us-east-1');
  });

  it('refuses the seats of a flight from an airport that does not exist', () => {
    expect(() => seats.home('2001-01-01.XXX-LAX.17', ['us-east-1'])).toThrow(
      expect.objectContaining({ code: 'rejected', message: expect.stringContaining('There is no airport XXX') }),
    );
  });

  it.each(['LAX', '2001-01-01.LAX.17', '2001-01-01.LAX-BNA', '2001-01-01.LAX-BNA.x', 'x2001-01-01.LAX-BNA.17', ''])(
    'refuses "%s", which names no flight',
    (id) => {
      expect(() => seats.home(id, ['us-east-1'])).toThrow(
        expect.objectContaining({
          code: 'rejected',
          message: expect.stringContaining('such as 2001-01-01.LAX-BNA.17'),
        }),
      );
    },
  );
});
