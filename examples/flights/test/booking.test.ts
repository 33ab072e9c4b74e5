import { describe, expect, it } from 'vitest';
import { booking, bookingRegion, priceOf } from '../booking.ts';
import { miles } from '../miles.ts';
import { seats } from '../seats.ts';

const flight = '2001-01-01.LAX-BNA.17';

describe('booking', () => {
  it('takes a seat for the member, and pays the price of the flight for it', () => {
    expect(booking({ flight, member: 'JFK.ada' })).toEqual([
      { stream: `seats/${flight}`, command: 'reserve', input: { passenger: 'JFK.ada' } },
      { stream: 'miles/JFK.ada', command: 'pay', input: { miles: priceOf(flight), booking: flight } },
    ]);
  });

  it('pays another price if one is given', () => {
    expect(booking({ flight, member: 'JFK.ada', miles: 1 })).toMatchObject([{}, { input: { miles: 1 } }]);
  });

  it('uses only existing commands, with inputs that they accept', () => {
    const [seat, payment] = booking({ flight, member: 'JFK.ada' });
    expect(seats.commands[seat.command].input.parse(seat.input)).toEqual(seat.input);
    expect(miles.commands[payment.command].input.parse(payment.input)).toEqual(payment.input);
  });

  it('is driven by the Region of the seats', () => {
    const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
    expect(bookingRegion({ flight, member: 'JFK.ada' }, regions)).toBe('us-west-2');
    expect(bookingRegion({ flight: '2001-01-01.BOS-LAX.3', member: 'JFK.ada' }, regions)).toBe('us-east-1');
  });

  it('refuses an invalid flight', () => {
    expect(() => booking({ flight: 'LAX', member: 'JFK.ada' })).toThrow("LAX is not a flight's id");
    expect(() => booking({ flight: 'LAX', member: 'JFK.ada', miles: 1 })).toThrow("LAX is not a flight's id");
  });

  it('refuses an invalid member', () => {
    expect(() => booking({ flight, member: 'ada' })).toThrow("ada is not a member's id");
    expect(() => booking({ flight, member: 'XXX.ada' })).toThrow('There is no airport XXX');
  });
});

describe('the price of a flight', () => {
  // Great circle distances: LAX-BNA 1,797 miles, LAX-JFK 2,475, LAX-SFO 337.
  it.each([
    [flight, 1800],
    ['2001-01-01.LAX-JFK.1', 2500],
    ['2001-01-01.LAX-SFO.1', 400],
  ])('of %s is %i miles: its distance, rounded up to hundreds', (id, miles) => {
    expect(priceOf(id)).toBe(miles);
  });

  it('is the same in both directions, and never zero', () => {
    expect(priceOf('2001-01-01.BNA-LAX.1')).toBe(priceOf(flight));
    expect(priceOf('2001-01-01.LAX-LAX.1')).toBe(100);
  });

  it('exists only for existing airports', () => {
    expect(() => priceOf('2001-01-01.LAX-XXX.1')).toThrow('There is no airport XXX');
  });
});
