import { expect, it } from 'vitest';
import { typeCostOf } from '../../scripts/type-cost.ts';

// `npm run type-cost` prints the current counts. They depend on the exact versions of TypeScript and zod; zod and the engine
// alone account for 88,000.
const MAX_INSTANTIATIONS = 450_000;
const MAX_PER_STREAM = 7_500;

it('keeps the compiler’s work within limits: for 50 streams with their tests and a client, and for each additional stream', {
  timeout: 300_000,
}, () => {
  const [half, all] = [typeCostOf(25), typeCostOf(50)];
  expect([...half.errors, ...all.errors]).toEqual([]);
  expect(all.instantiations).toBeLessThan(MAX_INSTANTIATIONS);
  expect((all.instantiations - half.instantiations) / 25).toBeLessThan(MAX_PER_STREAM);
});
