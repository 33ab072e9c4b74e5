import { defineDomain } from '../core/index.ts';
import { airportDelays } from './airport-delays.ts';
import { flight } from './flight.ts';
import { seats } from './seats.ts';

export { isAirport } from './airports.ts';
export { flightId } from './flight-id.ts';
export { nearestRegion } from './regions.ts';

/** The example: flights between US airports, and their seats. Your own streams and views are named here, beside it. */
export const domain = defineDomain({ streams: [flight, seats], views: [airportDelays] });
