/** N Regions in one process, for a team's own tests and tools. */

export { DECISIONS, type DecisionsKind } from '../core/names.ts';
export { silentTelemetry } from './error-log.ts';
export { functionUrlEvent } from './network/function-url-event.ts';
export { serveWorld } from './network/server.ts';
export type { FaultyPorts } from './region/faults.ts';
export type { WorldRegion } from './region/region.ts';
export type { Storage, StoredItem } from './region/storage.ts';
export { SubscriberFileError, type WorldSubscriber } from './subscribers.ts';
export { type Random, seeded } from './time/randomness.ts';
export { realScheduler, type Scheduler, sleepOn, VirtualScheduler } from './time/scheduler.ts';
export { World, type WorldOptions } from './world.ts';
