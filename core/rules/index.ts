export {
  type AddWinsMap,
  type AddWinsSet,
  addWinsMap,
  addWinsSet,
  elementsOf,
  latestIn,
  type MapChange,
  type RemoveWinsMap,
  removeWinsMap,
  removeWinsSet,
  type SetChange,
} from './collections.ts';
export {
  type BoundedCounter,
  boundedCounter,
  checkRights,
  type EscrowChange,
  logOf,
  reclaimable,
  rightsOf,
} from './escrow.ts';
export { counter, maximum, minimum } from './numbers.ts';
export { keepAll, lastWriterWins, lastWriterWinsPerField, type Written } from './registers.ts';
export {
  type ChangesBy,
  type ChangesOf,
  type Conflicting,
  evolveBy,
  initialBy,
  type Made,
  type Rule,
  type Rules,
  type StateOf,
  type Writer,
} from './rule.ts';
