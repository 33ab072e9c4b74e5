import { type Random, seeded } from '@meridian-es/meridian/world';
import { booking, nearestRegion, priceOf } from '../index.ts';
import { type FlightRow, flightOf, passengerOf } from './input.ts';

/** A member who books. */
export interface Member {
  /** `LAX.member-1` */
  readonly id: string;
  /** Where the member's miles are at home, and where the member books. */
  readonly region: string;
  /** The miles earned before the first booking. */
  readonly miles: number;
}

/** A member's request for a seat on a flight. */
export interface PlannedBooking {
  /** The transaction's id: a request with the same id is the same booking. */
  readonly id: string;
  /** The Region that gets the request: the member's. */
  readonly region: string;
  readonly flight: string;
  readonly member: string;
  /** Its price in miles. */
  readonly miles: number;
  /** Whether seat and miles are at home in one Region. */
  readonly isOneRegion: boolean;
  readonly participants: readonly object[];
}

export interface BookingPlan {
  readonly members: readonly Member[];
  /** At most one booking per member and flight. */
  readonly bookings: readonly PlannedBooking[];
  /** The passengers who already had seats, for every flight that is booked. */
  readonly aboard: ReadonlyMap<string, readonly string[]>;
}

/** The first flights of the file are not booked: users who try commands by hand find them as in the file. */
const LEFT_ALONE = 100;
const BUSIEST = 1000;
const MEMBERS = 200;
/** Enough miles for every booking, or for one or two short flights only. Every fifth member has the latter. */
const [RICH, POOR] = [40_000, 1500];
const EVERY_POOR = 5;

/**
 * Plans this many bookings, or fewer if every member has a booking on every flight. 200 members, from all Regions that
 * are near an airport, book the thousand flights between the busiest airports; the busier a flight's airports, the more
 * bookings it has. The plan is the same for the same file, Regions and seed.
 */
export function planBookings(
  rows: readonly FlightRow[],
  regions: readonly string[],
  count: number,
  seed = 1,
): BookingPlan {
  const random = seeded(seed);
  const traffic = trafficOf(rows);
  const flights = rows
    .filter(({ row }) => row > LEFT_ALONE)
    .map((row) => ({ row, traffic: (traffic.get(row.origin) ?? 0) + (traffic.get(row.destination) ?? 0) }))
    .sort((a, b) => b.traffic - a.traffic || a.row.row - b.row.row)
    .slice(0, BUSIEST)
    .map(({ row }) => ({ id: flightOf(row), row, seatsRegion: nearestRegion(row.origin, regions) }));
  const members = planMembers(traffic, regions, random);
  const bookings: PlannedBooking[] = [];
  const aboard = new Map<string, readonly string[]>();
  const taken = new Set<string>();
  const most = Math.min(count, members.length * flights.length);
  while (bookings.length < most) {
    const flight = skewed(flights, random);
    const member = members[Math.floor(members.length * random())];
    const pair = `${member?.id} ${flight?.id}`;
    if (!flight || !member || taken.has(pair)) continue;
    taken.add(pair);
    aboard.set(flight.id, [passengerOf(flight.row)]);
    const asked = { flight: flight.id, member: member.id, miles: priceOf(flight.id) };
    bookings.push({
      ...asked,
      // An id that users who try commands by hand are unlikely to choose.
      id: `${member.region}:start.booking-${bookings.length + 1}`,
      region: member.region,
      isOneRegion: flight.seatsRegion === member.region,
      participants: booking(asked),
    });
  }
  return { members, bookings, aboard };
}

/** The number of flights of each airport, departing or arriving. */
function trafficOf(rows: readonly FlightRow[]): ReadonlyMap<string, number> {
  const traffic = new Map<string, number>();
  for (const { origin, destination } of rows)
    for (const airport of [origin, destination]) traffic.set(airport, (traffic.get(airport) ?? 0) + 1);
  return traffic;
}

/** Members from all Regions in turn, more of them from busier airports. */
function planMembers(
  traffic: ReadonlyMap<string, number>,
  regions: readonly string[],
  random: Random,
): readonly Member[] {
  const airports = [...traffic].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1)).map(([code]) => code);
  const near = Map.groupBy(airports, (airport) => nearestRegion(airport, regions));
  return Array.from({ length: MEMBERS }, (_, i): readonly Member[] => {
    const [region, codes] = [...near][i % near.size] ?? [];
    const airport = codes && skewed(codes, random);
    if (region === undefined || airport === undefined) return [];
    return [{ id: `${airport}.member-${i + 1}`, region, miles: (i + 1) % EVERY_POOR === 0 ? POOR : RICH }];
  }).flat();
}

/** A random item, with a preference for the first ones: half of the time, one from the first quarter. */
function skewed<T>(items: readonly T[], random: Random): T | undefined {
  return items[Math.floor(items.length * random() ** 2)];
}
