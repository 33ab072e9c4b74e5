/** What an author of streams needs: definitions, their types, and the words of the bus. */

export type { ConflictingEvents, ConflictToRepair, EvolveContext } from './core/definition/conflicts.ts';
export type { Domain } from './core/definition/domain.ts';
export { defineDomain } from './core/definition/domain.ts';
export type { EventVersion } from './core/definition/event-version.ts';
export { nextVersion } from './core/definition/event-version.ts';
export type {
  CommandDefinition,
  DecideContext,
  EventOf,
  HomeStream,
  LogOwner,
  MergeStream,
  NewEventOf,
  RecordedEvent,
  StreamDefinition,
} from './core/definition/stream.ts';
export { defineStream } from './core/definition/stream.ts';
export type { FieldSums, RowView, TotalView, ViewDefinition } from './core/definition/view.ts';
export { defineView } from './core/definition/view.ts';
export { MeridianError, reject } from './core/facts/errors.ts';
export type {
  AddWinsMap,
  AddWinsSet,
  BoundedCounter,
  ChangesBy,
  ChangesOf,
  Conflicting,
  EscrowChange,
  Made,
  MapChange,
  RemoveWinsMap,
  Rule,
  Rules,
  SetChange,
  StateOf,
  Writer,
  Written,
} from './core/rules/index.ts';
export {
  addWinsMap,
  addWinsSet,
  boundedCounter,
  checkRights,
  counter,
  elementsOf,
  evolveBy,
  initialBy,
  keepAll,
  lastWriterWins,
  lastWriterWinsPerField,
  latestIn,
  logOf,
  maximum,
  minimum,
  reclaimable,
  removeWinsMap,
  removeWinsSet,
  rightsOf,
} from './core/rules/index.ts';
export { APPEND, COMMAND, RECEIPT_SOURCE, TRANSACT } from './core/wire/bus.ts';
