import { Operator } from './operator.ts';
import type { Stage } from './stage.ts';
import { SUBSCRIBERS } from './subscribers.ts';

/**
 * Virtual milliseconds in which everything settles after the last fault: ten receives of a message, six minutes apart,
 * and an hour more.
 */
const SETTLE_MS = 2 * 60 * 60 * 1000;

/** Ends all faults, lets everything settle, and writes down how long that took and what was given up. */
export async function settle(stage: Stage): Promise<void> {
  const { world, scheduler, recorder } = stage;
  world.weather.calm();
  world.healAll();
  // An outage by chance ends by itself.
  const outages = [...world.regions.values()].map(({ tablesCutMs }) => tablesCutMs);
  await scheduler.run(Math.max(0, ...outages));
  const lastFault = recorder.now();
  await rest(stage);
  if (await repair(stage)) await rest(stage);
  const deadLetters = deadLettersIn(stage);
  const at = world.recovered ? { at: recorder.now() } : {};
  recorder.add({ line: 'settled', lastFault, ...at, bound: 2 * SETTLE_MS, deadLetters });
}

/** Lets time pass until nothing is left to happen, or for as long as it may take. */
async function rest({ world, scheduler }: Stage): Promise<void> {
  let isLate = false;
  const callOff = scheduler.after(SETTLE_MS, () => {
    isLate = true;
  });
  await scheduler.runUntil(() => world.recovered || isLate, SETTLE_MS + 1);
  callOff();
}

/** What is lost on the way to another bus is in a dead-letter queue, and raises an alarm: operators publish it again. */
async function repair({ world, scheduler, recorder }: Stage): Promise<boolean> {
  if (!world.weather.counts.has('bus.dropped')) return false;
  const repaired = [...world.regions.values()].map((region) => {
    recorder.add({ line: 'fault', at: recorder.now(), fault: 'republish', region: region.name });
    return new Operator(region, scheduler).republish(0);
  });
  await scheduler.resolve(Promise.all(repaired));
  return true;
}

/** The number of messages that were given up, by queue. */
function deadLettersIn({ world }: Stage): Record<string, number> {
  return Object.fromEntries(
    [...world.regions.values()].flatMap((region): [string, number][] => [
      [`${region.name} projection`, region.projectionDeadLetters.bodies.length],
      [`${region.name} resolver`, region.resolverDeadLetters.bodies.length],
      [`${region.name} table stream`, region.tableStream.failures.length + region.decisionStream.failures.length],
      ...Object.keys(SUBSCRIBERS).map((name): [string, number] => [
        `${region.name} ${name}`,
        region.deadLettersOf(name).bodies.length,
      ]),
    ]),
  );
}
