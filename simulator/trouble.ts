import { sleepOn } from '../world/time/scheduler.ts';
import { Operator } from './operator.ts';
import type { Trouble } from './schedule.ts';
import type { Stage } from './stage.ts';

/** Causes a trouble when its time comes. Resolves when it is over. */
export async function cause(trouble: Trouble, stage: Stage): Promise<void> {
  const { world, scheduler, recorder } = stage;
  await sleepOn(scheduler, trouble.at);
  const { kind, at, ...details } = trouble;
  switch (trouble.kind) {
    case 'weather': {
      const { fault, region, rate, until } = trouble;
      recorder.add({ line: 'fault', at, until, fault, region, details: { rate } });
      world.weather.set(fault, rate, region);
      await sleepOn(scheduler, until - at);
      return world.weather.set(fault, 0, region);
    }
    case 'cut': {
      const { from, to, links, until } = trouble;
      recorder.add({ line: 'fault', at, until, fault: kind, details: { from, to, links } });
      world.cut(from, to, links);
      await sleepOn(scheduler, until - at);
      return world.heal(from, to);
    }
    default:
      recorder.add({ line: 'fault', at, fault: kind, region: trouble.region, details });
      return causeInRegion(trouble, stage);
  }
}

type InRegion = Exclude<Trouble, { readonly kind: 'weather' | 'cut' }>;

/** What happens to one Region, or is done there. */
async function causeInRegion(trouble: InRegion, { world, scheduler }: Stage): Promise<void> {
  const region = world.region(trouble.region);
  const operator = new Operator(region, scheduler);
  switch (trouble.kind) {
    case 'restart':
      return region.restart();
    case 'deploy':
      return region.deploy(region.domain);
    case 'jump':
      return region.clock.jump(trouble.milliseconds);
    case 'drift':
      return region.clock.drift(trouble.millionths);
    case 'outage':
      region.cutTables(trouble.until - trouble.at);
      return sleepOn(scheduler, trouble.until - trouble.at);
    case 'rebuild':
      return operator.rebuild(trouble.view);
    case 'republish':
      return operator.republish(0);
  }
}
