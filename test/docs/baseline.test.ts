import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Compared, runAll } from '../../simulator/baseline/compare.ts';
import { DESIGNS, isDesign } from '../../simulator/baseline/designs.ts';
import { WEATHERS } from '../../simulator/baseline/load.ts';

/** A share on the pages is at most this many times that of a few histories here, and the other way round: the rest is chance. */
const FACTOR = 2;
const SEEDS = [1, 2, 3, 4, 5, 6];

type Shown = Pick<Compared, 'acknowledged' | 'lost' | 'sent'>;

/** The numbers in the cells of a row, behind its first one. */
function numbersIn(row: string): readonly (readonly number[])[] {
  const cells = row.split('|').slice(2, -1);
  return cells.map((cell) => [...cell.matchAll(/\d[\d,]*\d|\d/g)].map(([text]) => Number(text.replaceAll(',', ''))));
}

function rowsOf(page: string, start: RegExp): readonly (readonly (readonly number[])[])[] {
  const lines = readFileSync(page, 'utf8').split(/\r?\n/);
  return lines.filter((line) => start.test(line)).map(numbersIn);
}

/** What the README says of each state of the links, by design. */
const inReadme: readonly (readonly Shown[])[] = rowsOf('README.md', /^\| [\d,]+ appends, /).map((cells) =>
  cells.map(([lost = Number.NaN, acknowledged = Number.NaN]) => ({ sent: 6_000, acknowledged, lost })),
);

/** What docs/proof.md says: one row for each number. */
function inProof(): readonly (readonly Shown[])[] {
  const [sent, acknowledged, lost] = [/^\| \*\*.*: appends /, /^\| acknowledged +\|/, /^\| acknowledged and lost /].map(
    (start) => rowsOf('docs/proof.md', start),
  );
  return WEATHERS.map((_, i) =>
    Object.keys(DESIGNS).map((_name, k) => ({
      sent: sent?.[i]?.[k]?.[0] ?? Number.NaN,
      acknowledged: acknowledged?.[i]?.[k]?.[0] ?? Number.NaN,
      lost: lost?.[i]?.[k]?.[0] ?? Number.NaN,
    })),
  );
}

describe('the numbers of README.md and docs/proof.md on lost appends', () => {
  it('are the same', () => {
    expect(inReadme).toHaveLength(WEATHERS.length);
    expect(inReadme).toEqual(inProof());
  });

  it.each(WEATHERS)('are near those of a few histories, over %s links', async (links) => {
    for (const [k, design] of Object.keys(DESIGNS).filter(isDesign).entries()) {
      const shown = inReadme[WEATHERS.indexOf(links)]?.[k] ?? expect.fail(`README.md has no column of ${design}.`);
      // Meridian takes the most time, and its column has no loss: the test of the command has that.
      if (design === 'meridian') expect(shown).toMatchObject({ acknowledged: shown.sent, lost: 0 });
      else expectNear(shown, await runAll(design, links, SEEDS));
    }
  });
});

function expectNear(shown: Shown, measured: Shown): void {
  const shares = (of: Shown) => ({ lost: of.lost / of.sent, missing: 1 - of.acknowledged / of.sent });
  const [said, found] = [shares(shown), shares(measured)];
  for (const key of ['lost', 'missing'] as const) {
    expect(said[key], `${key}: ${JSON.stringify({ said, found })}`).toBeLessThanOrEqual(found[key] * FACTOR);
    expect(said[key], `${key}: ${JSON.stringify({ said, found })}`).toBeGreaterThanOrEqual(found[key] / FACTOR);
  }
}
