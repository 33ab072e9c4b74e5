import { describe, expect, test, vi } from 'vitest';
import { nodeRuntime } from '../../../adapters/node/runtime.ts';

describe('runtime', () => {
  const metric = vi.fn();
  const unexpected = vi.fn();
  const runtime = nodeRuntime({ metric, unexpected });

  test('ids are UUIDv7: unique, and sorted by creation time', () => {
    const ids = Array.from({ length: 100 }, () => runtime.newId());
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  test('a digest is SHA-256 in base64url', () => {
    // The digest of the empty text, from FIPS 180-4's examples.
    expect(runtime.digest('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
    expect(runtime.digest('ü')).not.toBe(runtime.digest('u\u0308'));
  });

  test('sleep takes the given time', async () => {
    const start = performance.now();
    await runtime.sleep(30);
    expect(performance.now() - start).toBeGreaterThan(28);
  });

  test('the clock is the wall clock, and random numbers are between 0 and 1', () => {
    const before = Date.now();
    const now = runtime.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
    const drawn = Array.from({ length: 100 }, runtime.random);
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  test('metrics are passed on', () => {
    runtime.metric('Appended', 'Count', 1);
    expect(metric).toHaveBeenCalledWith('Appended', 'Count', 1);
  });
});
