import { describe, expect, it } from 'vitest';
import { didYouMean } from '../../../core/facts/did-you-mean.ts';

describe('the suggestion for a misspelt name', () => {
  it.each([
    ['eu-west-2x', ['eu-west-1', 'eu-west-2'], '; did you mean eu-west-2?'],
    ['codeversion', ['kind', 'codeVersion'], '; did you mean codeVersion?'],
    ['hom', ['merge', 'home'], '; did you mean home?'],
    ['foo', ['row'], '.'],
    ['in', ['of'], '.'],
  ])('is the known name with the fewest typing errors, if at most half of it differs: %s', (name, known, end) => {
    expect(didYouMean(name, known)).toBe(end);
  });
});
