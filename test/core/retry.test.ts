import { describe, expect, it } from 'vitest';
import { backoff } from '../../core/retry.ts';

describe('backoff', () => {
  it('is at most 25 ms first, then doubles, up to a second', () => {
    const longest = Array.from({ length: 8 }, (_, attempt) => backoff({ random: () => 1 }, attempt));
    expect(longest).toEqual([25, 50, 100, 200, 400, 800, 1000, 1000]);
    expect(backoff({ random: () => 1 }, 5000)).toBe(1000);
  });

  it('is random from 0 up, so that colliding writers do not collide again', () => {
    expect(backoff({ random: () => 0 }, 9)).toBe(0);
    expect(backoff({ random: () => 0.5 }, 1)).toBe(25);
  });
});
