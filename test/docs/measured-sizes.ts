import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

interface Sized {
  readonly id: string;
  readonly bytes: number;
  readonly gzip: number;
}

const TOLERANCE = 0.05;
const ROW = /^\| `([a-z-]+)` +\| +(\d+) \| +(\d+) \|$/gm;

/** The ids of the bundles whose sizes docs/internals/measurements.md has. */
export function documentedSizes(): ReadonlyMap<string, readonly [minified: number, gzip: number]> {
  const page = readFileSync('docs/internals/measurements.md', 'utf8');
  return new Map([...page.matchAll(ROW)].map(([, id = '', bytes, gzip]) => [id, [Number(bytes), Number(gzip)]]));
}

/** Asserts that the page has a bundle's sizes in kB, as `npm run bundle-sizes` prints them. */
export function expectDocumented({ id, bytes, gzip }: Sized): void {
  const [documentedBytes = 0, documentedGzip = 0] = documentedSizes().get(id) ?? [];
  for (const [documented, measured] of [
    [documentedBytes, bytes / 1000],
    [documentedGzip, gzip / 1000],
  ] as const)
    expect(
      Math.abs(documented / measured - 1),
      `${id}: docs/internals/measurements.md has ${documented} kB, but the bundle has ${measured.toFixed(0)} kB`,
    ).toBeLessThan(TOLERANCE);
}
