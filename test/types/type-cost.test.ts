import { expect, it } from 'vitest';
import { typeCostOf } from '../../scripts/type-cost.ts';

// `npm run type-cost` prints the current counts. The counts are those of the exact versions of TypeScript and zod here; zod and
// the engine alone make 88,000.
const MAX_INSTANTIATIONS = 450_000;
const MAX_PER_STREAM = 7_500;

it('bounds what 50 streams with their tests and a client cost the compiler, and what each of them adds', {
  timeout: 300_000,
}, () => {
  const [half, all] = [typeCostOf(25), typeCostOf(50)];
  expect([...half.errors, ...all.errors]).toEqual([]);
  expect(all.instantiations).toBeLessThan(MAX_INSTANTIATIONS);
  expect((all.instantiations - half.instantiations) / 25).toBeLessThan(MAX_PER_STREAM);
});
