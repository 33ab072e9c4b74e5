/** The public face of the engine. */

export type { Domain } from './definition/domain.ts';
export { defineDomain, projectedTypes, streamModeOf } from './definition/domain.ts';
export type { EventVersion, EventVersions } from './definition/event-version.ts';
export { nextVersion } from './definition/event-version.ts';
export type {
  CommandDefinition,
  DecideContext,
  EventOf,
  EvolveContext,
  Mode,
  NewEventOf,
  RecordedEvent,
  StreamDefinition,
} from './definition/stream.ts';
export { commandOf, defineStream, parseEvents, parseInput } from './definition/stream.ts';
export type { Sums, Totals, ViewDefinition } from './definition/view.ts';
export { defineView, shardOf } from './definition/view.ts';
export type { BusEntry, EventPattern } from './delivery/bus.ts';
export {
  APPEND,
  COMMAND,
  fastPathPattern,
  forwardPattern,
  ingressPattern,
  SOURCE_PREFIX,
  subscriptionPattern,
  TRANSACT,
} from './delivery/bus.ts';
export { inOrderPerKey } from './delivery/in-order.ts';
export type { IngestPorts } from './delivery/ingest.ts';
export { ingest } from './delivery/ingest.ts';
export type { QuarantinePorts } from './delivery/quarantine.ts';
export {
  addToQuarantine,
  listQuarantine,
  quarantineAddRequest,
  quarantineListRequest,
  redrive,
  redriveRequest,
} from './delivery/quarantine.ts';
export type { Change, RelayPorts } from './delivery/relay.ts';
export { relay } from './delivery/relay.ts';
export type { RepublishPorts, RepublishStep } from './delivery/republish.ts';
export { republish, republishStepRequest, republishStepSchema } from './delivery/republish.ts';
export type { From, Parked, Place, Progress, SubscribedEvent, SubscribePorts } from './delivery/subscribe.ts';
export { subscribe, subscribedEvent } from './delivery/subscribe.ts';
export type { ErrorCode, Problem } from './errors.ts';
export { faultsOf, invalid, MeridianError, reject, toProblem } from './errors.ts';
export type { Append, Appended } from './log/append.ts';
export { append } from './log/append.ts';
export type { Commit, Intent, Meta } from './log/commit.ts';
export { isVisible } from './log/commit.ts';
export type { Hlc } from './log/hlc.ts';
export { wallTimeOf } from './log/hlc.ts';
export type { LoadPorts } from './log/load.ts';
export type { KnownCopy, Snapshot, Snapshots } from './log/snapshot.ts';
export { decodeSnapshot, encodeSnapshot } from './log/snapshot.ts';
export type { Version } from './log/version.ts';
export { covers, decodeVersion, encodeVersion } from './log/version.ts';
export type { AppendPorts, Warm } from './log/writer.ts';
export type { OperateAnswer } from './operate.ts';
export { operateAnswer } from './operate.ts';
export * from './ports.ts';
export type { ReadPorts } from './read.ts';
export { readCommits, readHealth, readRow, readRows, readStream } from './read.ts';
export { isTraceparent, parseCommandEnvelope, parseEventsEnvelope, streamNameOf } from './request/envelope.ts';
export type { RemoteAnswer } from './request/passed-on.ts';
export { submitHere } from './request/passed-on.ts';
export type { SubmitPorts } from './request/submit.ts';
export { submit } from './request/submit.ts';
export type { JsonSchema, SchemaDocument } from './schema-documents.ts';
export { registrySchemas, schemaDocuments } from './schema-documents.ts';
export type { CoordinatePorts, CoordinatorAnswer } from './transaction/coordinate.ts';
export { coordinate } from './transaction/coordinate.ts';
export { decisionSchema } from './transaction/decisions.ts';
export type { ParticipantAnswer, ParticipatePorts } from './transaction/participate.ts';
export { participate } from './transaction/participate.ts';
export { parseTransaction } from './transaction/request.ts';
export type { ResolvePorts } from './transaction/resolve.ts';
export { resolve } from './transaction/resolve.ts';
export type { DrivePorts, TransactPorts } from './transaction/transact.ts';
export { MAX_PASSED_ON_MS, outcomeOf, transact } from './transaction/transact.ts';
export type {
  AbortReason,
  Decision,
  FinalState,
  Outcome,
  Participant,
  PreparedIntent,
  Transaction,
} from './transaction/transaction.ts';
export { attemptId, attemptOf, drivingRegionOf, isTransactionId, OUTCOME_TYPE } from './transaction/transaction.ts';
export type { Generations } from './view/generation.ts';
export { generationsSchema } from './view/generation.ts';
export type { ProjectPorts } from './view/projection.ts';
export { project } from './view/projection.ts';
export type { RebuildStatus } from './view/rebuild.ts';
export {
  beginRebuild,
  cleanRebuild,
  rebuildBeginRequest,
  rebuildRequest,
  rebuildStatus,
  rebuildStatusSchema,
  rebuildStepRequest,
  stepRebuild,
} from './view/rebuild.ts';
export type { ProjectionMessage } from './view/trigger.ts';
export { parseProjectionMessage, streamsOf, triggersOf } from './view/trigger.ts';
