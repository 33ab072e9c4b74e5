import { defineDomain } from '@meridian-es/meridian';
import { airportDelays } from './airport-delays.ts';
import { flight } from './flight.ts';
import { miles } from './miles.ts';
import { seats } from './seats.ts';

export { isAirport } from './airports.ts';
export { type Booking, booking, bookingRegion, priceOf } from './booking.ts';
export { flightId } from './flight-id.ts';
export { nearestRegion } from './regions.ts';
export { CAPACITY } from './seats.ts';

/** The example: flights between US airports, their seats, and miles to pay with. */
export const domain = defineDomain({ streams: [flight, seats, miles], views: [airportDelays] });
