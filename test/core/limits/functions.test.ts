import { expect, it } from 'vitest';
import { FUNCTIONS, subscriberBeginMs, subscriberLimits } from '../../../core/limits/functions.ts';

const { subscriber } = FUNCTIONS;

it('a subscriber has the default limits, except those that its definition sets', () => {
  expect(subscriberLimits({})).toEqual(subscriber);
  expect(subscriberLimits({ timeoutS: 10, batchSize: 1 })).toEqual({
    ...subscriber,
    timeoutS: 10,
    queue: { ...subscriber.queue, batchSize: 1, visibilityS: 60 },
  });
});

it('a subscriber starts messages during the same share of any timeout', () => {
  const share = subscriberBeginMs(1000) / 1000;
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(1);
  for (const timeoutMs of [3000, 60_000, 900_000]) expect(subscriberBeginMs(timeoutMs) / timeoutMs).toBeCloseTo(share);
});
