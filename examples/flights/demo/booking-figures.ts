// Checks bookings against the requests and responses. It imports nothing, so it shares no code with what it checks.

/** A booking as requested, and the response. */
export interface BookingFigures {
  readonly id: string;
  readonly flight: string;
  readonly member: string;
  readonly miles: number;
  /** `committed`, or why not: `full`, `too-few-miles`, or another reason. */
  readonly outcome: string;
}

/** The streams as a Region shows them once nothing is in progress. */
export interface RegionFigures {
  readonly region: string;
  /** The passengers with seats, by flight. */
  readonly seats: ReadonlyMap<string, readonly string[]>;
  readonly miles: ReadonlyMap<string, { readonly balance: number; readonly paid: Readonly<Record<string, number>> }>;
}

export interface BookingsToCheck {
  readonly bookings: readonly BookingFigures[];
  /** Seats of each flight. */
  readonly capacity: number;
  /** The passengers that had seats before, by flight. */
  readonly aboard: ReadonlyMap<string, readonly string[]>;
  /** The miles that each member had before. */
  readonly earned: ReadonlyMap<string, number>;
  readonly regions: readonly RegionFigures[];
}

export interface Sold {
  readonly seats: number;
  /** The miles paid for the sold seats. */
  readonly miles: number;
}

/** The bookings sold, according to the responses. */
export function soldBy(bookings: readonly BookingFigures[]): Sold {
  const committed = bookings.filter(({ outcome }) => outcome === 'committed');
  return { seats: committed.length, miles: sum(committed.map(({ miles }) => miles)) };
}

/**
 * The violations, one sentence each. In every Region: no flight has more passengers than seats, and it has exactly those
 * who were aboard before or whose booking is committed; every member has paid exactly for the committed bookings, and the
 * miles that are left are not below zero; and a booking refused because the flight is full, or because the miles
 * are too few, was refused correctly. This assumes that no seat is given back and no miles are earned in the meantime.
 */
export function violationsOf({ bookings, capacity, aboard, earned, regions }: BookingsToCheck): readonly string[] {
  const committed = bookings.filter(({ outcome }) => outcome === 'committed');
  const byFlight = Map.groupBy(committed, ({ flight }) => flight);
  const byMember = Map.groupBy(committed, ({ member }) => member);
  return regions.flatMap(({ region, seats, miles }) => {
    const violations: string[] = [];
    const expect = (holds: boolean, what: string): void => {
      if (!holds) violations.push(`${region}: ${what}`);
    };
    for (const [flight, before] of aboard) {
      const passengers = seats.get(flight) ?? [];
      const booked = (byFlight.get(flight) ?? []).map(({ member }) => member);
      expect(passengers.length <= capacity, `${flight} has ${passengers.length} passengers on ${capacity} seats.`);
      expect(
        isSame(passengers, [...before, ...booked]),
        `${flight} has other passengers than those whose bookings were confirmed.`,
      );
    }
    for (const [member, before] of earned) {
      const { balance = Number.NaN, paid = {} } = miles.get(member) ?? {};
      const booked = byMember.get(member) ?? [];
      const due = sum(booked.map((booking) => booking.miles));
      expect(balance >= 0, `${member} has ${balance} miles.`);
      expect(balance === before - due, `${member} has ${balance} miles, not ${before} less ${due}.`);
      expect(
        isSame(
          Object.entries(paid).map(String),
          booked.map((booking) => `${booking.flight},${booking.miles}`),
        ),
        `${member} has paid for other seats than those that are booked.`,
      );
    }
    for (const { id, flight, member, miles: price, outcome } of bookings) {
      if (outcome === 'full') expect((seats.get(flight)?.length ?? 0) >= capacity, `${id}: ${flight} is not full.`);
      if (outcome === 'too-few-miles')
        expect((miles.get(member)?.balance ?? Number.NaN) < price, `${id}: ${member} has ${price} miles.`);
    }
    return violations;
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Whether two lists hold the same elements, each the same number of times, in any order. */
function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.toSorted().join('\n') === b.toSorted().join('\n');
}
