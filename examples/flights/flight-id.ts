import { reject } from '@meridian-es/meridian';

/** The parts of a flight's id. `row` tells apart two flights of one route and day: its row in the timetable. */
export interface FlightKey {
  /** `2001-01-01` */
  readonly date: string;
  readonly origin: string;
  readonly destination: string;
  readonly row: number;
}

/** `2001-01-01.LAX-BNA.17`: the id of the flight's streams. */
export function flightId({ date, origin, destination, row }: FlightKey): string {
  return `${date}.${origin}-${destination}.${row}`;
}

const FLIGHT_ID = /^\d{4}-\d{2}-\d{2}\.(?<origin>[A-Z0-9]{3,4})-(?<destination>[A-Z0-9]{3,4})\.\d+$/;

/** The airports at the two ends of a flight. @throws MeridianError `rejected` when `id` is not a flight's */
export function routeOf(id: string): Pick<FlightKey, 'origin' | 'destination'> {
  const { origin, destination } = FLIGHT_ID.exec(id)?.groups ?? {};
  if (origin === undefined || destination === undefined)
    throw reject(
      `${id} is not a flight's id: write <date>.<origin>-<destination>.<row>, such as 2001-01-01.LAX-BNA.17.`,
    );
  return { origin, destination };
}
