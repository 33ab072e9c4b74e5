import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import airports from '../airports.json' with { type: 'json' };
import { airportCodeSchema, isAirport, placeOf } from '../airports.ts';

function fileOf(path: string) {
  return new URL(`../${path}`, import.meta.url);
}

describe('airports.json', () => {
  it('is the output of airports.mjs for the airports of vega-datasets', () => {
    const made = execFileSync(process.execPath, [fileURLToPath(fileOf('airports.mjs'))], { encoding: 'utf8' });
    expect(readFileSync(fileOf('airports.json'), 'utf8')).toBe(made);
  });

  it('has every airport of airports.csv with its coordinates', () => {
    const csv = readFileSync(fileOf('../../node_modules/vega-datasets/data/airports.csv'), 'utf8');
    const rows = [...csv.matchAll(/^(\w{3,4}),.*,(-?[\d.]+),(-?[\d.]+)$/gm)];
    expect(rows.length).toBe(csv.trim().split('\n').length - 1);
    expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(airports).sort());
    const elsewhere = rows.filter(([, code = '', latitude, longitude]) => {
      const place = placeOf(code);
      return Math.abs(place[0] - Number(latitude)) > 0.0001 || Math.abs(place[1] - Number(longitude)) > 0.0001;
    });
    expect(elsewhere).toEqual([]);
  });

  it('has only codes that are valid in an event', () => {
    const codes = Object.keys(airports);
    expect(codes.filter((code) => !isAirport(code) || !airportCodeSchema.safeParse(code).success)).toEqual([]);
  });
});
