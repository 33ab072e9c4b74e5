import { describe, expect, it } from 'vitest';
import { fuzz } from './run.ts';

describe('odd inputs', () => {
  it('are taken as they are or refused with a reason, at every door', async () => {
    const { findings, doors, acknowledged } = await fuzz(2_500, 7);
    expect(findings).toEqual([]);
    expect(Object.keys(doors)).toHaveLength(13);
    expect(acknowledged).toBeGreaterThan(40);
  });

  it('are the same for the same seed', async () => {
    const [once, again] = [await fuzz(150, 3), await fuzz(150, 3)];
    expect([once.doors, once.acknowledged]).toEqual([again.doors, again.acknowledged]);
  });
});
