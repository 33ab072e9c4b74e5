import { expect, it } from 'vitest';
import { inWords } from '../../lib/in-words.ts';

it.each([
  [14 * 86_400, '14 days'],
  [86_400, '1 day'],
  [6 * 3_600, '6 hours'],
  [14_000, '4 hours'],
  [600, '10 minutes'],
  [90, '90 seconds'],
  [0, '0 seconds'],
])('%d seconds are %s', (seconds, words) => {
  expect(inWords(seconds)).toBe(words);
});
