import { describe, expect, it } from 'vitest';
import { fastPathPattern } from '../../../core/wire/bus.ts';
import { splitPattern } from '../../../lib/constructs/event-pattern.ts';

function partsFor(count: number) {
  return splitPattern(
    fastPathPattern(
      'us-east-1',
      Array.from({ length: count }, (_, i) => `a-stream-type-${i}`),
    ),
  );
}
function sourcesOf(parts: ReturnType<typeof partsFor>) {
  return parts.flatMap(({ pattern }) => pattern.source ?? []);
}

describe('a pattern', () => {
  it('is one part while it is short enough', () => {
    expect(partsFor(3)).toEqual([
      { part: 1, pattern: fastPathPattern('us-east-1', ['a-stream-type-0', 'a-stream-type-1', 'a-stream-type-2']) },
    ]);
  });

  it('that is too long has each source in exactly one part, and keeps everything else', () => {
    for (const count of [75, 100, 200, 500]) {
      const parts = partsFor(count);
      expect(parts.length).toBeGreaterThan(1);
      expect(sourcesOf(parts)).toHaveLength(count);
      expect(new Set(sourcesOf(parts)).size).toBe(count);
      for (const { pattern } of parts) {
        expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(2048);
        expect(pattern.detail).toEqual(fastPathPattern('us-east-1', []).detail);
      }
    }
  });

  it('changes in one part only when a source is added, unless the number of parts changes', () => {
    const [before, after] = [partsFor(200), partsFor(201)];
    expect(after.map(({ part }) => part)).toEqual(before.map(({ part }) => part));
    expect(after.filter((each, i) => JSON.stringify(each) !== JSON.stringify(before[i]))).toHaveLength(1);
  });

  it('that cannot be split is left to the check at synth', () => {
    const pattern = { source: [`meridian.${'x'.repeat(3000)}`] };
    expect(splitPattern(pattern)).toEqual([{ part: 1, pattern }]);
  });
});
