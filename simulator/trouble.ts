import { APPEND } from '../core/wire/bus.ts';
import { sleepOn } from '../world/time/scheduler.ts';
import { completeMoves } from './complete-moves.ts';
import { fullWorkload } from './domain.ts';
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
      const { fault, region, rate, until, call } = trouble;
      recorder.add({ line: 'fault', at, until, fault, region, details: { rate, ...(call !== undefined && { call }) } });
      world.weather.set(fault, rate, region, call);
      await sleepOn(scheduler, until - at);
      return world.weather.set(fault, 0, region, call);
    }
    case 'cut': {
      const { from, to, links, until } = trouble;
      recorder.add({ line: 'fault', at, until, fault: kind, details: { from, to, links } });
      world.cut(from, to, links);
      await sleepOn(scheduler, until - at);
      return world.heal(from, to);
    }
    case 'complete':
      recorder.add({ line: 'fault', at, fault: kind });
      return completeMoves(stage);
    case 'guest':
      recorder.add({ line: 'fault', at, until: trouble.until, fault: kind, region: trouble.region });
      return host(trouble, stage);
    default:
      recorder.add({ line: 'fault', at, fault: kind, region: trouble.region, details });
      return causeInRegion(trouble, stage);
  }
}

/** The name of the stream in a message that cannot be read. */
export const UNREADABLE = 'no stream';

type InRegion = Exclude<Trouble, { readonly kind: 'weather' | 'cut' | 'guest' | 'complete' }>;

/** What happens to one Region, or is done there. */
async function causeInRegion(trouble: InRegion, stage: Stage): Promise<void> {
  const { world, scheduler } = stage;
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
    case 'split':
      for (const stream of region.streams) stream.split();
      return;
    case 'replay': {
      const now = scheduler.now();
      region.bus.replayArchive(now - trouble.back, now);
      return;
    }
    case 'rename':
      return stopped(trouble.region, stage, () => {
        world.renameLog(trouble.region, trouble.log);
        region.restart();
      });
    case 'restore':
      return restore(trouble, stage);
    case 'rebuild':
      return operator.rebuild(trouble.view);
    case 'republish':
      return operator.republish(0);
    case 'redrive':
      return operator.redrive();
    case 'move': {
      const { region: from, to, how } = trouble;
      return new Operator(world.region(how === 'planned' ? from : to), scheduler).move(from, to, how);
    }
    case 'pin':
      return operator.pin(trouble.stream, trouble.to);
    case 'poison':
      await region.bus.put([
        { source: 'producer', detailType: APPEND, detail: JSON.stringify({ stream: UNREADABLE }) },
      ]);
      return;
  }
}

/** Virtual milliseconds in which everything that was written arrives in all Regions, if no link is cut. */
const DRAIN_MS = 10_000;

/** Does something to a Region whose functions are stopped, when the others have everything that it has written. */
async function stopped(region: string, { world, scheduler }: Stage, act: () => void | Promise<void>): Promise<void> {
  world.weather.set('lambda.throttled', 1, region);
  await sleepOn(scheduler, DRAIN_MS);
  await act();
  world.weather.set('lambda.throttled', 0, region);
}

/** Restores the events of a Region to an earlier time, and repairs what is made of them, as its runbook says. */
async function restore(
  { region: name, log, back }: Extract<Trouble, { readonly kind: 'restore' }>,
  stage: Stage,
): Promise<void> {
  const { world, scheduler } = stage;
  await stopped(name, stage, () => {
    world.restoreTable(name, { at: scheduler.now() - back, log });
    // Its functions start again when it has everything that the others have.
    return sleepOn(scheduler, DRAIN_MS);
  });
  const operator = new Operator(world.region(name), scheduler);
  await Promise.all(Object.keys(fullWorkload.views ?? {}).map((view) => operator.rebuild(view)));
  await operator.republish(0);
}

/** Adds a Region, which no client writes to, and removes it. */
async function host(
  { region, at, until }: Extract<Trouble, { readonly kind: 'guest' }>,
  { world, scheduler }: Stage,
): Promise<void> {
  world.addRegion(region);
  world.configure();
  await sleepOn(scheduler, until - at);
  world.removeRegion(region);
}
