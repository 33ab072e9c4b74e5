import { describe, expect, it } from 'vitest';
import { REMOVABLE_AFTER_MS } from '../../../core/limits/budgets.ts';
import { cleanRebuild, type RebuildPorts, rebuildStatus } from '../../../core/view/rebuild.ts';
import {
  after,
  aRunningRegion,
  build,
  fromScratch,
  leftOf,
  noting,
  type Region,
  running,
  shown,
} from './rebuild-fixture.ts';

describe('a rebuild that crashes at any call', () => {
  const commits = Array.from({ length: 24 }, (_, i) => noting(`${i}`, `text-${i % 5}`));

  /** Ports whose `nth` call is not made, or is made but loses its response; no call is made after it. */
  const dying = (us: Region, nth: number, isAnswerLost: boolean) => {
    let calls = 0;
    const dead = new Error('The function died.');
    const guarded = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return async (...args: readonly unknown[]) => {
            const mine = ++calls;
            if (mine > nth || (mine === nth && !isAnswerLost)) throw dead;
            const answer: unknown = await Reflect.apply(method, target, args);
            if (mine === nth) throw dead;
            return answer;
          };
        },
      });
    return { ports: { ...us, views: guarded(us.views), events: guarded(us.table) }, calls: () => calls };
  };

  it.each([false, true])('continues, and builds the same result (response lost: %s)', async (isAnswerLost) => {
    const expected = await fromScratch(after, commits);
    let died = 0;
    for (let nth = 1, done = false; !done; nth++) {
      const us = running(await aRunningRegion(commits), after);
      const { ports, calls } = dying(us, nth, isAnswerLost);
      const everything = async (own: RebuildPorts) => {
        for (const view of ['counts', 'last']) await build(own, view);
        us.runtime.advance(REMOVABLE_AFTER_MS);
        for (const view of ['counts', 'last']) await cleanRebuild(own, { view });
      };
      try {
        await everything(ports);
        done = calls() < nth;
      } catch {
        died++;
      }
      await everything(us);
      us.runtime.advance(REMOVABLE_AFTER_MS);
      for (const view of ['counts', 'last']) {
        const { retired } = await cleanRebuild(us, { view });
        expect(retired).toEqual([]);
      }
      expect(await shown(us)).toEqual(expected);
      const { active } = await rebuildStatus(us, { view: 'last' });
      for (let number = 1; number < active.build; number++)
        for (const version of [1, 2]) expect(await leftOf(us.views, 'last', version, number, 4)).toBe(false);
    }
    expect(died).toBeGreaterThan(20);
  });
});
