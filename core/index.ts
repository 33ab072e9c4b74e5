/** The public interface of the engine. */

export type { EvolveContext, Mode } from './definition/conflicts.ts';
export type { Domain } from './definition/domain.ts';
export { defineDomain, projectedTypes, streamModeOf } from './definition/domain.ts';
export type { EventVersion, EventVersions } from './definition/event-version.ts';
export { nextVersion } from './definition/event-version.ts';
export type { Snapshots } from './definition/snapshots.ts';
export type {
  CommandDefinition,
  DecideContext,
  EventOf,
  HomeStream,
  InputSchemas,
  MergeStream,
  NewEventOf,
  RecordedEvent,
  StreamDefinition,
  StrongStream,
} from './definition/stream.ts';
export { commandOf, defineStream, hasEscrow, parseEvents, parseInput } from './definition/stream.ts';
export type { FieldSums, RowView, TotalView, ViewDefinition } from './definition/view.ts';
export { defineView, shardOf } from './definition/view.ts';
export type { Addition } from './delivery/additions.ts';
export { additionsOf } from './delivery/additions.ts';
export { inOrderPerKey } from './delivery/in-order.ts';
export type { Arrival, Change, RelayPorts } from './delivery/relay.ts';
export { relayChanges } from './delivery/relay.ts';
export type { RepublishPorts } from './delivery/republish.ts';
export { republishStep } from './delivery/republish.ts';
export { handleMessages } from './delivery/subscribe.ts';
export type { MessagePorts, SubscribePorts } from './delivery/subscriber.ts';
export type { Append, Appended } from './facts/append.ts';
export type { Commit, Intent, Meta } from './facts/commit.ts';
export { isVisible } from './facts/commit.ts';
export type { AbortReason, Decision, FinalState, Outcome, PreparedIntent } from './facts/decision.ts';
export { attemptIdOf, TRANSACTION_TYPE } from './facts/decision.ts';
export type { ErrorCode, Problem } from './facts/errors.ts';
export {
  faultsOf,
  invalid,
  listedFaults,
  MeridianError,
  problemSchema,
  reject,
  reportedProblem,
  ThrottledError,
  toProblem,
} from './facts/errors.ts';
export { decodeEventData, encodeEventData } from './facts/event-data-codec.ts';
export type { Generations } from './facts/generation.ts';
export type { Hlc } from './facts/hlc.ts';
export { wallTimeOf } from './facts/hlc.ts';
export { parseJson } from './facts/json.ts';
export type { LedgerEntry } from './facts/ledger.ts';
export type { Placement, PlacementEntry, PlacementRecord } from './facts/placement.ts';
export type { KnownCopy, Snapshot } from './facts/snapshot.ts';
export type { Participant, Transaction } from './facts/transaction.ts';
export { drivingRegionOf, isTransactionId, parseAttemptId } from './facts/transaction.ts';
export type { VersionVector } from './facts/version.ts';
export { versionCovers } from './facts/version.ts';
export type { Sums, Totals } from './facts/view-entry.ts';
export * from './facts/view-entry.ts';
export type { Waiter } from './facts/waiter.ts';
export { isOlder } from './facts/waiter.ts';
export { submitHere } from './intake/command.ts';
export type { IngestPorts } from './intake/ingest.ts';
export { ingestMessages } from './intake/ingest.ts';
export type { QuarantinePorts } from './intake/quarantine.ts';
export { addToQuarantine, listQuarantine, redriveQuarantine } from './intake/quarantine.ts';
export { type LookPorts, lookForConflicts } from './ledger/look.ts';
export { lookAtAll } from './ledger/look-all.ts';
export type { LoadPorts } from './log/load.ts';
export { strongTypes, withSharedLog } from './log/shared-log.ts';
export { KnownPlacement } from './placement/known-placement.ts';
export * from './ports/bus.ts';
export * from './ports/commit-scan.ts';
export * from './ports/decision-scan.ts';
export * from './ports/decisions.ts';
export * from './ports/delayed-queue.ts';
export * from './ports/event-store.ts';
export * from './ports/events-table.ts';
export * from './ports/generation-store.ts';
export * from './ports/intent-store.ts';
export * from './ports/ledger.ts';
export * from './ports/one-region-transactions.ts';
export * from './ports/placement.ts';
export type { Handled, NextLook, Parked, Place, Progress, Wait } from './ports/progress.ts';
export * from './ports/quarantine.ts';
export * from './ports/queue.ts';
export * from './ports/remote.ts';
export * from './ports/runtime.ts';
export * from './ports/sightings.ts';
export * from './ports/snapshot-store.ts';
export * from './ports/state-machine.ts';
export * from './ports/transactions-table.ts';
export * from './ports/view-store.ts';
export * from './ports/views-table.ts';
export * from './ports/warm-streams.ts';
export { readConflicts } from './read/conflicts.ts';
export { readHealth } from './read/health.ts';
export type { LedgerReadPorts } from './read/ledger.ts';
export { readLedger } from './read/ledger.ts';
export { LiveCheck, readLive } from './read/live.ts';
export type { ReadPorts } from './read/streams.ts';
export { readCommits, readStream } from './read/streams.ts';
export { readRow, readRows } from './read/views.ts';
export { backoff } from './retry.ts';
export type { CoordinatePorts } from './transaction/coordinate.ts';
export { coordinateStep } from './transaction/coordinate.ts';
export type { ParticipatePorts } from './transaction/participate.ts';
export { participateStep } from './transaction/participate.ts';
export type { ResolvePorts } from './transaction/resolver.ts';
export { resolveMessages } from './transaction/resolver.ts';
export type { DrivePorts, TransactPorts } from './transaction/transact.ts';
export { outcomeOf, runTransaction } from './transaction/transact.ts';
export type { TurnPorts } from './transaction/turn.ts';
export { turnStep } from './transaction/turn.ts';
export { checkAhead } from './view/check-ahead.ts';
export type { KeptStream } from './view/kept-streams.ts';
export type { ProjectPorts } from './view/projection.ts';
export { projectTriggers } from './view/projection.ts';
export { beginRebuild, cleanRebuild, rebuildStatus, stepRebuild } from './view/rebuild.ts';
export { triggersOf } from './view/trigger.ts';
export type { AnnouncedOutcome } from './wire/announcement.ts';
export type { CommitShown, Health, ProblemDetails, Submitted, TransactionShown } from './wire/api.ts';
export {
  commitPageSchema,
  conflictPageSchema,
  decodeConflictCursor,
  encodeCommitPage,
  encodeConflictPage,
  encodeListedPage,
  encodeRow,
  encodeRowPage,
  encodeStreamState,
  encodeTransaction,
  healthSchema,
  listedPageSchema,
  parseListedCursor,
  problemDetailsSchema,
  rowPageSchema,
  rowSchema,
  streamStateSchema,
  submittedSchema,
  transactionShownSchema,
} from './wire/api.ts';
export type { BusEntry, EventPattern } from './wire/bus.ts';
export {
  APPEND,
  COMMAND,
  fastPathPattern,
  forwardPattern,
  ingestPattern,
  RECEIPT_SOURCE,
  SOURCE_PREFIX,
  TRANSACT,
} from './wire/bus.ts';
export type { SubscribedEvent } from './wire/bus-event.ts';
export { subscribedEventSchema } from './wire/bus-event.ts';
export type { RemoteAnswer } from './wire/command.ts';
export type { CoordinatorAnswer } from './wire/coordinator.ts';
export * from './wire/coordinator.ts';
export { decisionSchema } from './wire/decision.ts';
export { parseCommandEnvelope, parseEventsEnvelope, streamNameOf } from './wire/envelope.ts';
export { generationsSchema } from './wire/generations.ts';
export type {
  ActionInput,
  ActionRequest,
  ActionResult,
  OperateAnswer,
  OperateRequest,
  OperatorAction,
} from './wire/operate.ts';
export { encodeOperateRequest, isOperatorAction, operateAnswerSchema, operatorActions } from './wire/operate.ts';
export type { ParticipantAnswer } from './wire/participant.ts';
export type { Point } from './wire/point.ts';
export { parsePoint, parseTime } from './wire/point.ts';
export type { ProjectionMessage } from './wire/projection.ts';
export { parseProjectionMessage, streamsOf } from './wire/projection.ts';
export { encodeReason } from './wire/reason.ts';
export type { Accepted } from './wire/receipt.ts';
export { acceptedSchema, encodeAccepted } from './wire/receipt.ts';
export { isTraceparent } from './wire/schemas.ts';
export { decodeSnapshot, encodeSnapshot } from './wire/snapshot.ts';
export * from './wire/subscription.ts';
export { parseTransaction } from './wire/transaction-envelope.ts';
export type { TurnAnswer } from './wire/turn.ts';
export { decodeVersionToken, encodeVersionToken, readVersionToken, unquoted } from './wire/version-token.ts';
export { appendToStream } from './write/append.ts';
export type { SubmitPorts } from './write/submit.ts';
export { submitAppend } from './write/submit.ts';
export type { AppendPorts, Warm } from './write/writer.ts';
