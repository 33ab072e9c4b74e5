/** The public face of the engine. */
export type { Append, Appended } from './append.ts';
export { append } from './append.ts';
export type { BusEntry, EventPattern } from './bus.ts';
export {
  APPEND,
  COMMAND,
  fastPathPattern,
  forwardPattern,
  ingressPattern,
  SOURCE_PREFIX,
  subscriptionPattern,
  TRANSACT,
} from './bus.ts';
export type { Commit, Intent, Meta } from './commit.ts';
export { isVisible } from './commit.ts';
export type { Domain } from './domain.ts';
export { defineDomain, projectedTypes, streamModeOf } from './domain.ts';
export { isTraceparent, parseCommandEnvelope, parseEventsEnvelope, streamNameOf } from './envelope.ts';
export type { ErrorCode, Problem } from './errors.ts';
export { faultsOf, invalid, MeridianError, reject, toProblem } from './errors.ts';
export type { EventVersion, EventVersions } from './event-version.ts';
export { nextVersion } from './event-version.ts';
export type { Generations } from './generation.ts';
export { generationsSchema } from './generation.ts';
export type { Hlc } from './hlc.ts';
export { wallTimeOf } from './hlc.ts';
export { inOrderPerKey } from './in-order.ts';
export type { IngestPorts } from './ingest.ts';
export { ingest } from './ingest.ts';
export type { LoadPorts } from './load.ts';
export type { OperateAnswer } from './operate.ts';
export { operateAnswer } from './operate.ts';
export type { RemoteAnswer } from './passed-on.ts';
export { submitHere } from './passed-on.ts';
export * from './ports.ts';
export type { ProjectPorts } from './projection.ts';
export { project } from './projection.ts';
export type { QuarantinePorts } from './quarantine.ts';
export {
  addToQuarantine,
  listQuarantine,
  quarantineAddRequest,
  quarantineListRequest,
  redrive,
  redriveRequest,
} from './quarantine.ts';
export type { ReadPorts } from './read.ts';
export { readCommits, readHealth, readRow, readRows, readStream } from './read.ts';
export type { RebuildStatus } from './rebuild.ts';
export {
  beginRebuild,
  cleanRebuild,
  rebuildBeginRequest,
  rebuildRequest,
  rebuildStatus,
  rebuildStatusSchema,
  rebuildStepRequest,
  stepRebuild,
} from './rebuild.ts';
export type { Change, RelayPorts } from './relay.ts';
export { relay } from './relay.ts';
export type { RepublishPorts, RepublishStep } from './republish.ts';
export { republish, republishStepRequest, republishStepSchema } from './republish.ts';
export type { JsonSchema, SchemaDocument } from './schema-documents.ts';
export { registrySchemas, schemaDocuments } from './schema-documents.ts';
export type { KnownCopy, Snapshot, Snapshots } from './snapshot.ts';
export { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
export type {
  CommandDefinition,
  DecideContext,
  EventOf,
  EvolveContext,
  Mode,
  NewEventOf,
  RecordedEvent,
  StreamDefinition,
} from './stream.ts';
export { commandOf, defineStream, parseEvents, parseInput } from './stream.ts';
export type { SubmitPorts } from './submit.ts';
export { submit } from './submit.ts';
export type { From, Parked, Place, Progress, SubscribedEvent, SubscribePorts } from './subscribe.ts';
export { subscribe, subscribedEvent } from './subscribe.ts';
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
  Outcome,
  Participant,
  PreparedIntent,
  Transaction,
} from './transaction/transaction.ts';
export { attemptId, attemptOf, drivingRegionOf, isTransactionId, OUTCOME_TYPE } from './transaction/transaction.ts';
export type { ProjectionMessage } from './trigger.ts';
export { parseProjectionMessage, streamsOf, triggersOf } from './trigger.ts';
export type { Version } from './version.ts';
export { covers, decodeVersion, encodeVersion } from './version.ts';
export type { Sums, Totals, ViewDefinition } from './view.ts';
export { defineView, shardOf } from './view.ts';
export type { AppendPorts, Warm } from './writer.ts';
