import { CLOCK_LIMIT_MS, QUARANTINE_PASS_MS } from '../core/limits/budgets.ts';
import type { WorldRegion } from '../world/region/region.ts';
import { sleepOn } from '../world/time/scheduler.ts';
import { Operator } from './operator.ts';
import type { Stage } from './stage.ts';
import { subscribersOf } from './subscribers.ts';
import { UNREADABLE } from './trouble.ts';

/**
 * Virtual milliseconds in which everything settles after the last fault: ten receives of a message, six minutes apart,
 * and an hour more.
 */
const SETTLE_MS = 2 * 60 * 60 * 1000;

/** Virtual milliseconds in which a subscriber that has moved handles what is left, although clocks differ by minutes. */
const NAMED_MS = 60 * 60 * 1000;

/** Virtual milliseconds in which everything ends that an invocation left running, or that a slow call still begins. */
const LEFT_RUNNING_MS = 60 * 1000;

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
  // Messages that are left to another Region do not keep the world from being at rest.
  if (stage.named !== undefined) {
    await scheduler.run(NAMED_MS);
    await rest(stage);
  }
  // What is frozen would go on while the Regions are looked at, one after the other.
  for (const region of stage.world.regions.values()) region.thaw();
  await scheduler.run(LEFT_RUNNING_MS);
  await rest(stage);
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

/**
 * What is lost on the way to another bus is in a dead-letter queue, and raises an alarm: operators publish it again. What is in
 * the quarantine raises an alarm too: they send it again, once no earlier redrive hides it any more.
 */
async function repair(stage: Stage): Promise<boolean> {
  const { world, scheduler } = stage;
  const regions = [...world.regions.values()];
  const dropped = world.weather.counts.has('bus.dropped') ? regions : [];
  const quarantined = regions.filter(({ quarantine }) => quarantine.bodies.length > 0);
  // A message may wait for a Region that it is passed on to.
  if (quarantined.length > 0) for (const region of regions) setRight(region, stage);
  await scheduler.resolve(
    Promise.all([
      ...dropped.map((region) => operate(region, 'republish', stage)),
      ...quarantined.map((region) => operate(region, 'redrive', stage)),
    ]),
  );
  return dropped.length + quarantined.length > 0;
}

/** While a clock is too far ahead nothing is written, so it is set right before anything is sent again. */
function setRight({ name, clock }: WorldRegion, { recorder }: Stage): void {
  if (clock.ahead <= CLOCK_LIMIT_MS) return;
  const milliseconds = -clock.ahead;
  clock.drift(0);
  clock.jump(milliseconds);
  recorder.add({ line: 'fault', at: recorder.now(), fault: 'jump', region: name, details: { milliseconds } });
}

function operate(region: WorldRegion, action: 'republish' | 'redrive', { scheduler, recorder }: Stage): Promise<void> {
  recorder.add({ line: 'fault', at: recorder.now(), fault: action, region: region.name });
  const operator = new Operator(region, scheduler);
  return action === 'redrive'
    ? sleepOn(scheduler, QUARANTINE_PASS_MS).then(() => operator.redrive())
    : operator.republish(0);
}

/** The number of messages that were given up, by queue. */
function deadLettersIn({ world, named }: Stage): Record<string, number> {
  return Object.fromEntries(
    [...world.regions.values()].flatMap((region): [string, number][] => [
      [`${region.name} projection`, region.projectionDeadLetters.bodies.length],
      [`${region.name} resolver`, region.resolverDeadLetters.bodies.length],
      [`${region.name} quarantine`, region.quarantine.bodies.filter((body) => !body.includes(UNREADABLE)).length],
      [`${region.name} table stream`, region.streams.reduce((sum, { failures }) => sum + failures.length, 0)],
      ...Object.keys(subscribersOf(named)).map((name): [string, number] => [
        `${region.name} ${name}`,
        region.deadLettersOf(name).bodies.length,
      ]),
    ]),
  );
}
