import { reject } from '@meridian-es/meridian';
import * as z from 'zod';
import airports from './airports.json' with { type: 'json' };

/** Degrees: latitude (north is positive), longitude (east is positive). */
export type Place = readonly [latitude: number, longitude: number];

const places = new Map(Object.entries(z.record(z.string(), z.tuple([z.number(), z.number()])).parse(airports)));

/** An airport's code: `LAX`; small fields have digits or a fourth character. */
export const airportCodeSchema = z.string().regex(/^[A-Z0-9]{3,4}$/, 'is not an airport code, such as LAX');

export function isAirport(code: string): boolean {
  return places.has(code);
}

/** Where an airport is. @throws MeridianError `rejected` when there is no such airport */
export function placeOf(code: string): Place {
  const place = places.get(code);
  if (!place)
    throw reject(`There is no airport ${code}: use the IATA code of an airport in the US.`, { airport: code });
  return place;
}

/**
 * The angle between two places as seen from the center of the Earth, in radians. The haversine formula: R. W. Sinnott,
 * "Virtues of the Haversine", Sky and Telescope 68 (2), 1984.
 */
export function angleBetween([latitudeA, longitudeA]: Place, [latitudeB, longitudeB]: Place): number {
  return (
    2 *
    Math.asin(
      Math.sqrt(
        Math.min(
          1, // the sum may exceed 1 by a rounding error for opposite points
          haversine(latitudeB - latitudeA) +
            Math.cos(radians(latitudeA)) * Math.cos(radians(latitudeB)) * haversine(longitudeB - longitudeA),
        ),
      ),
    )
  );
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
function haversine(degrees: number): number {
  return Math.sin(radians(degrees) / 2) ** 2;
}
