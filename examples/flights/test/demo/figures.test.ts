import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareRows, type Figures, figuresOf } from '../../demo/figures.ts';
import { flightsFile } from '../../demo/input.ts';

const folder = mkdtempSync(join(tmpdir(), 'meridian-figures-'));
afterAll(() => rmSync(folder, { recursive: true }));

const flights = [
  { date: '2001/01/01 06:55', delay: -19, origin: 'LAX', destination: 'BNA' },
  { date: '2001/01/01 08:47', delay: 10, origin: 'BNA', destination: 'LAX' },
  { date: '2001/01/01 09:24', delay: 2, origin: 'LAX', destination: 'SJC' },
];
function counted(rows: readonly object[]): ReadonlyMap<string, Figures> {
  const file = join(folder, 'flights.json');
  writeFileSync(file, JSON.stringify(rows));
  return figuresOf(file);
}
const figures = counted(flights);

/** The rows of a view that shows just these figures, as an API answers them. */
function rowsOf(shown: ReadonlyMap<string, Figures>): { key: string; value: unknown }[] {
  return [...shown].map(([key, value]) => ({ key, value: JSON.parse(JSON.stringify(value)) }));
}

describe('figuresOf', () => {
  it('counts each flight at both of its airports', () => {
    expect(Object.fromEntries(figures)).toEqual({
      LAX: { departures: 2, arrivals: 1, totalDelay: -7, meanDelay: -7 / 3 },
      BNA: { departures: 1, arrivals: 1, totalDelay: -9, meanDelay: -4.5 },
      SJC: { departures: 0, arrivals: 1, totalDelay: 2, meanDelay: 2 },
    });
  });

  it('counts every flight of the file as one departure and one arrival', () => {
    const all = [...figuresOf(flightsFile('2k')).values()];
    const sum = (field: 'departures' | 'arrivals') => all.reduce((total, figures) => total + figures[field], 0);
    expect([sum('departures'), sum('arrivals')]).toEqual([2000, 2000]);
  });

  it('imports nothing, so it shares no mistake with the code that it checks', () => {
    const source = readFileSync(new URL('../../demo/figures.ts', import.meta.url), 'utf8');
    expect([...source.matchAll(/from '(.+)'|import\('/g)].map(([, name]) => name)).toEqual([
      'node:fs',
      'node:util',
      'zod',
    ]);
  });
});

describe('compare', () => {
  it('finds no difference between the same figures, in any order', () => {
    expect(compareRows(figures, rowsOf(figures).reverse())).toEqual([]);
  });

  it('detects that one event was dropped', () => {
    const dropped = { ...figures.get('LAX'), departures: 1, totalDelay: 12, meanDelay: 6 };
    const rows = rowsOf(figures).map((row) => (row.key === 'LAX' ? { key: 'LAX', value: dropped } : row));
    expect(compareRows(figures, rows)).toEqual([
      { airport: 'LAX', problem: 'different', expected: figures.get('LAX'), actual: dropped },
    ]);
  });

  it('detects that any one flight of the file is missing', () => {
    for (const left of flights.keys()) {
      const mismatches = compareRows(figures, rowsOf(counted(flights.filter((_, index) => index !== left))));
      expect(mismatches.length).toBe(2);
    }
  });

  it('detects a sum that is wrong by one minute, and a mean that does not match', () => {
    for (const change of [{ totalDelay: -6 }, { meanDelay: -7 / 4 }, { arrivals: '1' }, { canceled: 0 }]) {
      const rows = rowsOf(figures).map((row) => ({ ...row, value: { ...figures.get(row.key), ...change } }));
      expect(compareRows(figures, rows).map(({ problem }) => problem)).toContain('different');
    }
  });

  it('detects a missing airport', () => {
    const rows = rowsOf(figures).filter(({ key }) => key !== 'SJC');
    expect(compareRows(figures, rows)).toEqual([{ airport: 'SJC', problem: 'missing', expected: figures.get('SJC') }]);
    expect(compareRows(figures, []).length).toBe(3);
  });

  it('detects an airport that the file does not have, and one that occurs twice', () => {
    const rows = rowsOf(figures);
    const surplus = { key: 'XXX', value: { departures: 0, arrivals: 0, totalDelay: 0, meanDelay: null } };
    expect(compareRows(figures, [...rows, surplus])).toEqual([
      { airport: 'XXX', problem: 'surplus', actual: surplus.value },
    ]);
    expect(compareRows(figures, [...rows, ...rows.slice(0, 1)])).toMatchObject([
      { airport: 'LAX', problem: 'surplus' },
    ]);
  });
});
