import { expect, it } from 'vitest';
import { typeCostOf } from '../../scripts/type-cost.ts';

/** `npm run type-cost` prints what there are. The counts are those of the exact versions of TypeScript and zod here. */
const MAX_INSTANTIATIONS = 450_000;

it('compiles 50 streams with their tests and a client, which costs a stream about what it costs among 25', {
  timeout: 300_000,
}, () => {
  const [one, half, all] = [typeCostOf(1), typeCostOf(25), typeCostOf(50)];
  expect([one, half, all].flatMap(({ errors }) => errors)).toEqual([]);
  expect(all.instantiations).toBeLessThan(MAX_INSTANTIATIONS);
  const among25 = (half.instantiations - one.instantiations) / 24;
  expect((all.instantiations - half.instantiations) / 25).toBeLessThan(1.25 * among25);
});
