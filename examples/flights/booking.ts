import { angleBetween, placeOf } from './airports.ts';
import { routeOf } from './flight-id.ts';
import { airportOf } from './miles.ts';
import { nearestRegion } from './regions.ts';

/** Miles from the center of the Earth to its surface. */
const EARTH_RADIUS = 3959;

/**
 * The price of a seat in miles: the distance, rounded up to the next 100.
 * @param flight the flight's id
 * @throws MeridianError `rejected` when `flight` is not a flight's id, or there is no such airport
 */
export function priceOf(flight: string): number {
  const { origin, destination } = routeOf(flight);
  const way = EARTH_RADIUS * angleBetween(placeOf(origin), placeOf(destination));
  return 100 * Math.max(1, Math.ceil(way / 100));
}

export interface Booking {
  /** The flight's id: `2001-01-01.LAX-BNA.17`. */
  readonly flight: string;
  /** The member's id, `LAX.ada`: who pays, and who flies. */
  readonly member: string;
  /** @default the flight's price */
  readonly miles?: number | undefined;
}

/**
 * The participants of the transaction that books a flight: a seat is taken and the miles are paid, or neither. A member has
 * one seat on a flight and pays for it once, even if the flight is booked again under another id.
 * @throws MeridianError `rejected` when `flight` is not a flight's id or `member` not a member's, or there is no such airport
 */
export function booking({ flight, member, miles }: Booking) {
  const price = priceOf(flight);
  placeOf(airportOf(member));
  return [
    { stream: `seats/${flight}`, command: 'reserve', input: { passenger: member } },
    { stream: `miles/${member}`, command: 'pay', input: { miles: miles ?? price, booking: flight } },
  ] as const;
}

/**
 * The Region to drive a booking: the home of its seats. If it is also the home of the member's miles, the booking is
 * one request.
 * @throws MeridianError `rejected` when `flight` is not a flight's id, or there is no such airport
 */
export function bookingRegion({ flight }: Booking, regions: readonly string[]): string {
  return nearestRegion(routeOf(flight).origin, regions);
}
