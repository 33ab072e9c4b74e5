import { describe, expect, it } from 'vitest';
import type { Fault } from '../../world/weather.ts';
import { aWorld } from './a-world.ts';

const here = 'us-east-1';

describe('a request of a client whose connection breaks', () => {
  it.each<{ readonly fault: Fault; readonly isWritten: boolean }>([
    { fault: 'client.lost', isWritten: false },
    { fault: 'client.answer-lost', isWritten: true },
  ])('takes effect or not: $fault', async ({ fault, isWritten }) => {
    const { world, call, idsIn } = aWorld();
    const body = { id: 'a', stream: 'note/a', events: [{ type: 'Noted', data: { text: 'red' } }] };
    world.weather.set(fault, 1, here);
    await expect(call(here, 'POST', '/events', { body })).rejects.toThrow('The connection broke.');
    expect(world.weather.counts.get(fault)).toBe(1);
    expect(await idsIn(here, 'note/a')).toEqual(isWritten ? ['a'] : []);
    world.weather.calm();
    expect((await call(here, 'POST', '/events', { body })).status).toBe(200);
    expect(await idsIn(here, 'note/a')).toEqual(['a']);
  });
});
