import { describe, expect, it } from 'vitest';
import { announced } from '../../checkers/announced.ts';
import type { LineOf } from '../../checkers/history.ts';
import { commit, EAST, evidence, replica, WEST } from './a-history.ts';

const stream = 'note/a';
const place = { stream, log: WEST, position: 1 };
const stored = replica(
  stream,
  [commit({ stream, commitId: 'b', log: WEST, effect: { do: 'note', text: 'blue' } })],
  [],
);

function listed(region: string, revision: number | undefined, open = false): LineOf<'ledger'> {
  return { line: 'ledger', region, conflicts: [{ ...place, twice: false, open, against: [], revision }] };
}

function said(region: string, revision: number, of: Partial<LineOf<'announced'>> = {}): LineOf<'announced'> {
  return { line: 'announced', at: 1, region, by: WEST, ...place, revision, open: false, ...of };
}

describe('the conflicts that Regions list', () => {
  it('are announced on the bus of each, once or more', () => {
    const lines = [listed(EAST, 1), listed(WEST, 1), said(EAST, 1), said(WEST, 1)];
    expect(announced(evidence(stored, ...lines, said(WEST, 1)))).toEqual([]);
    expect(announced(evidence(stored, listed(EAST, 1), said(WEST, 1)))).toMatchObject([
      {
        property: 'conflicts are announced',
        what: expect.stringContaining(`not announced in ${EAST}`),
        streams: [stream],
      },
    ]);
  });

  it('are announced with each revision where their entry is kept, and with the present one elsewhere', () => {
    const present = [listed(EAST, 2), listed(WEST, 2), said(EAST, 2), said(WEST, 2)];
    expect(announced(evidence(stored, ...present, said(WEST, 1)))).toEqual([]);
    expect(announced(evidence(stored, ...present, said(EAST, 1)))).toMatchObject([
      { what: expect.stringContaining(`.1 is not announced in ${WEST}`) },
    ]);
  });

  it('are announced as open as long as they are', () => {
    const lines = [listed(EAST, 1, true), said(EAST, 1)];
    expect(announced(evidence(stored, ...lines))).toMatchObject([
      { what: expect.stringContaining('announced as resolved') },
    ]);
    expect(announced(evidence(stored, listed(EAST, 1, true), said(EAST, 1, { open: true })))).toEqual([]);
  });

  it('are announced by no other Region', () => {
    const lines = [listed(EAST, 1), said(EAST, 1), said(EAST, 1, { by: EAST })];
    expect(announced(evidence(stored, ...lines))).toMatchObject([
      { what: expect.stringContaining(`${EAST} announced`) },
    ]);
  });

  it('are not judged where it is not known how often they were revised', () => {
    expect(announced(evidence(stored, listed(EAST, undefined)))).toEqual([]);
  });
});
