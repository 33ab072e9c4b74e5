import * as z from 'zod';
import { dynamoDbDecisions } from '../../adapters/dynamodb/decisions.ts';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { attemptIdOf } from '../../core/facts/decision.ts';
import { fromProblem, toProblem } from '../../core/facts/errors.ts';
import { drivingRegionOf } from '../../core/facts/transaction.ts';
import type {
  Append,
  Appended,
  Commit,
  Decision,
  OperatorAction,
  SubscribedEvent,
  Transaction,
} from '../../core/index.ts';
import { tellDecision } from '../../core/log/decisions.ts';
import { coordinateStep } from '../../core/transaction/coordinate.ts';
import { participateStep } from '../../core/transaction/participate.ts';
import { outcomeOf, runTransaction, runTransactionHere } from '../../core/transaction/transact.ts';
import {
  ANNOUNCEMENT_SOURCE,
  abortedSchema,
  announcementOf,
  committedSchema,
  parseOutcome,
} from '../../core/wire/announcement.ts';
import {
  encodeRow,
  encodeRowPage,
  encodeStreamState,
  encodeTransaction,
  healthSchema,
  liveSchema,
  problemDetailsSchema,
  rowPageSchema,
  rowSchema,
  streamStateSchema,
  submittedSchema,
  transactionShownSchema,
} from '../../core/wire/api.ts';
import {
  APPEND,
  type BusEntry,
  COMMAND,
  ingestPattern,
  RECEIPT_SOURCE,
  SOURCE_PREFIX,
  TRANSACT,
} from '../../core/wire/bus.ts';
import { entriesOf, parseSubscribedEvent, publishedSchema, subscribedEventSchema } from '../../core/wire/bus-event.ts';
import {
  appendAnswerSchema,
  outcomeAnswerSchema,
  outcomeRequestSchema,
  transactRequestSchema,
} from '../../core/wire/command.ts';
import { coordinatorRequestSchema, type MachineInput, machineInputSchema } from '../../core/wire/coordinator.ts';
import { type DecisionAnswer, decisionAnswerSchema, decisionRequestSchema } from '../../core/wire/decision.ts';
import {
  commandEnvelopeSchema,
  eventsEnvelopeSchema,
  parseCommandEnvelope,
  parseEventsEnvelope,
} from '../../core/wire/envelope.ts';
import {
  type ActionInput,
  encodeOperateRequest,
  isOperatorAction,
  operateAnswerSchema,
  operateRequestSchema,
  operatorActions,
} from '../../core/wire/operate.ts';
import { participantAnswerSchema, participantRequestSchema } from '../../core/wire/participant.ts';
import { pinAnswerSchema, pinRequestShape } from '../../core/wire/pin.ts';
import { placedShape, sealAnswerSchema } from '../../core/wire/placement.ts';
import { encodePoint, parsePoint } from '../../core/wire/point.ts';
import {
  encodeQuarantined,
  parseQuarantined,
  type QuarantinedMessage,
  quarantinedSchema,
} from '../../core/wire/quarantine.ts';
import { encodeReason } from '../../core/wire/reason.ts';
import {
  acceptedEntry,
  acceptedSchema,
  encodeAccepted,
  rejectedEntry,
  rejectedSchema,
} from '../../core/wire/receipt.ts';
import {
  encodeResolverMessage,
  parseResolverMessage,
  type ResolverMessage,
  resolverMessageSchema,
} from '../../core/wire/resolver.ts';
import {
  checkedParticipantSchema,
  commandParticipantSchema,
  eventsParticipantSchema,
  parseTransaction,
  transactionEnvelopeSchema,
} from '../../core/wire/transaction-envelope.ts';
import { turnAnswerSchema } from '../../core/wire/turn.ts';
import { decodeVersionToken, encodeVersionToken, readVersionToken } from '../../core/wire/version-token.ts';
import { toyDomain } from '../../testing/toy.ts';
import { aBusyAttempt } from '../contract/decisions.ts';
import { fakeRuntime } from '../runtime.ts';
import { aTable, itemSchema, TABLE } from './a-table.ts';
import { answersTo } from './api.ts';
import {
  appendRequest,
  aRegionOf,
  askedAs,
  askedOf,
  asksParticipant,
  EAST,
  REGIONS,
  turnRequest,
  WEST,
} from './asked.ts';
import { type Form, message, parsedBy } from './form.ts';
import { conflictAnnouncement, listedPage } from './ledger.ts';
import { commitPage, conflictPage } from './pages.ts';
import { projectionMessage } from './projection.ts';
import { takenIn, trafficOf } from './traffic.ts';

const byOthers = "callers' input is read strictly, so that a typo is reported";

/** Messages on a Region's bus. */
const onTheBus: Readonly<Record<string, Form>> = {
  'bus-event': message({
    read: (form) =>
      entriesSchema
        .parse(form)
        .map(({ detailType, detail }) => parseSubscribedEvent({ 'detail-type': detailType, detail })),
    write: (events: readonly SubscribedEvent[]) => entriesOf(commitOf(events)).map(plain),
    uses: [entriesOf, SOURCE_PREFIX, parseSubscribedEvent, publishedSchema, subscribedEventSchema],
  }),
  announcement: message({
    read: (form) => {
      const { detailType, detail } = entrySchema.parse(form);
      const { type: _type, ...means } = parseOutcome({ 'detail-type': detailType, detail });
      return means;
    },
    write: (means: z.output<typeof committedSchema> | z.output<typeof abortedSchema>) =>
      plain(announcementOf(announced(means))),
    uses: [announcementOf, ANNOUNCEMENT_SOURCE, committedSchema, abortedSchema, encodeReason, parseOutcome],
  }),
  'conflict-announcement': conflictAnnouncement,
  accepted: message({
    read: (form) => {
      const { id, stream, version, log = '', position } = acceptedSchema.parse(entrySchema.parse(form).detail);
      return {
        ...{ commitId: id, stream, version: decodeVersionToken(stream, version, '') },
        ...(position !== undefined && { dot: { log, position } }),
      };
    },
    write: (appended: Appended) => plain(acceptedEntry(encodeAccepted(appended))),
    uses: [acceptedEntry, RECEIPT_SOURCE, encodeAccepted, acceptedSchema],
  }),
  rejected: message({
    read: (form) => rejectedSchema.parse(entrySchema.parse(form).detail),
    write: (rejected: Parameters<typeof rejectedEntry>[0]) => plain(rejectedEntry(rejected)),
    uses: [rejectedEntry, rejectedSchema],
  }),
  'producer-entries': message({
    read: (form) =>
      takenIn(entriesSchema.parse(form).map((entry) => ({ ...entry, detail: JSON.stringify(entry.detail) }))),
    uses: [ingestPattern, APPEND, COMMAND, TRANSACT],
    strict: byOthers,
  }),
  'append-envelope': message({
    read: (form): Append => parseEventsEnvelope(toyDomain, form, newId),
    uses: [parseEventsEnvelope, eventsEnvelopeSchema],
    strict: byOthers,
  }),
  'command-envelope': message({
    read: (form): Append => parseCommandEnvelope(toyDomain, form, newId),
    uses: [parseCommandEnvelope, commandEnvelopeSchema],
    strict: byOthers,
  }),
  'transact-envelope': message({
    read: (form): Transaction =>
      parseTransaction({ domain: toyDomain, region: 'us-east-1', regions: REGIONS, runtime: fakeRuntime() }, form),
    uses: [
      parseTransaction,
      transactionEnvelopeSchema,
      commandParticipantSchema,
      eventsParticipantSchema,
      checkedParticipantSchema,
    ],
    strict: byOthers,
  }),
};

/** Messages in queues. */
const inQueues: Readonly<Record<string, Form>> = {
  'projection-message': projectionMessage,
  'resolver-message': message({
    read: (form) => parseResolverMessage(JSON.stringify(form)),
    write: (means: ResolverMessage) => JSON.parse(encodeResolverMessage(means)),
    uses: [parseResolverMessage, encodeResolverMessage, resolverMessageSchema],
  }),
  'quarantined-message': message({
    read: (form) => parseQuarantined(JSON.stringify(form)),
    write: (means: QuarantinedMessage | undefined) => means && JSON.parse(encodeQuarantined(means)),
    uses: [parseQuarantined, encodeQuarantined, quarantinedSchema],
    strict: 'its members distinguish it from a message that SQS has moved there unchanged',
  }),
};

/** Requests and responses between functions. */
const betweenFunctions: Readonly<Record<string, Form>> = {
  'between-regions': message({ write: trafficOf }),
  'append-request': appendRequest,
  'append-answer': parsedBy(appendAnswerSchema),
  'transact-request': askedAs(transactRequestSchema, (remote, { transact, wait }) =>
    runTransaction({ ...aRegionOf(EAST), remote }, transact, wait),
  ),
  'outcome-request': askedAs(outcomeRequestSchema, (remote, { outcomeOf: id }) =>
    outcomeOf({ ...aRegionOf(EAST), decisions: memoryDecisions({ strong: false }), remote }, id),
  ),
  'outcome-answer': parsedBy(outcomeAnswerSchema),
  'machine-input': message({
    read: (form) => machineInputSchema.parse(form),
    write: async ({ deadline, ...transaction }: MachineInput) => {
      const region = aRegionOf(drivingRegionOf(transaction.id), fakeRuntime(deadline - transaction.timeout));
      await runTransactionHere(region, transaction, 0);
      return region.machine.started[0];
    },
    uses: [machineInputSchema, runTransactionHere],
  }),
  'coordinator-request': parsedBy(coordinatorRequestSchema),
  // Read by the state machine, through paths.
  'coordinator-answer': message({
    write: (request: unknown) =>
      coordinateStep(
        {
          ...{ decisions: memoryDecisions({ strong: true }), events: memoryEventStore(), runtime: fakeRuntime() },
          region: 'us-east-1',
        },
        request,
      ),
  }),
  'participant-request': message({
    read: (form) => participantRequestSchema.parse(form),
    // A request from the state machine has a deadline; one that a Region passes on has the remaining time.
    write: (means: z.output<typeof participantRequestSchema>) =>
      'deadline' in means ? means : askedOf((participants) => asksParticipant(participants, means)),
    uses: [participantRequestSchema, participateStep, placedShape, pinRequestShape],
  }),
  'participant-answer': parsedBy(participantAnswerSchema),
  'seal-answer': parsedBy(sealAnswerSchema),
  'pin-answer': parsedBy(pinAnswerSchema),
  'turn-request': turnRequest,
  'turn-answer': parsedBy(turnAnswerSchema),
  'decision-request': askedAs(decisionRequestSchema, asksParticipant),
  'decision-answer': message({
    read: (form) => decisionAnswerSchema.parse(form),
    write: async ({ decision }: DecisionAnswer) => {
      const decisions = memoryDecisions({ strong: true });
      if (decision) await decisions.put(decision);
      const attemptId = attemptIdOf(decision ?? { transaction: 'us-west-2:order-17', attempt: 1 });
      return tellDecision({ ...aRegionOf(WEST), decisions }, { step: 'decision', attemptId });
    },
    uses: [decisionAnswerSchema, tellDecision],
  }),
  'operate-answer': parsedBy(operateAnswerSchema),
  ...Object.fromEntries(Object.keys(operatorActions).filter(isOperatorAction).flatMap(operatorForms)),
};

/** Responses of the API. */
const byTheApi: Readonly<Record<string, Form>> = {
  'api-requests': message({ read: (form) => answersTo(z.string().parse(form)) }),
  'api-problem': message({
    read: (form) => problemDetailsSchema.parse(form),
    write: (means: z.output<typeof problemDetailsSchema>) => toProblem(fromProblem(means)),
    uses: [problemDetailsSchema],
  }),
  'api-submitted': parsedBy(submittedSchema),
  'api-stream-state': message({
    read: (form) => streamStateSchema.parse(form),
    write: ({ region, stream, version, at, ...read }: z.output<typeof streamStateSchema>) =>
      encodeStreamState(region, stream, {
        ...{ ...read, version: decodeVersionToken(stream, version, '') },
        ...(at !== undefined && { at: parsePoint(stream, at) }),
      }),
    uses: [streamStateSchema, encodeStreamState, encodePoint, parsePoint],
  }),
  'api-commit-page': commitPage,
  'api-conflict-page': conflictPage,
  'api-listed-conflict-page': listedPage,
  'api-row': message({
    read: (form) => rowSchema.parse(form),
    write: ({ view, region, ...row }: z.output<typeof rowSchema>) => encodeRow(region, view, row),
    uses: [rowSchema, encodeRow],
  }),
  'api-row-page': message({
    read: (form) => rowPageSchema.parse(form),
    write: ({ view, region, rows, next }: z.output<typeof rowPageSchema>) =>
      encodeRowPage(region, view, { rows, next }),
    uses: [rowPageSchema, encodeRowPage],
  }),
  'api-health': parsedBy(healthSchema),
  'api-live': parsedBy(liveSchema),
  'api-transaction': message({
    read: (form) => transactionShownSchema.parse(form),
    write: (means: z.output<typeof transactionShownSchema>) => encodeTransaction(outcomeShown(means)),
    uses: [transactionShownSchema, encodeTransaction],
  }),
};

/** Texts that callers keep and send back. */
const tokens: Readonly<Record<string, Form>> = {
  'version-token': message({
    read: (form) => {
      const { stream, token } = tokenSchema.parse(form);
      return { stream, version: decodeVersionToken(stream, token, '') };
    },
    write: ({ stream, version }: Pick<Appended, 'stream' | 'version'>) => ({
      stream,
      token: encodeVersionToken(stream, version),
    }),
    uses: [decodeVersionToken, encodeVersionToken, readVersionToken],
  }),
  'scan-cursor': message({
    read: async (form) => {
      const { client, requests } = aTable();
      await dynamoDbEventStore(client, TABLE).scan(0, 1, z.string().parse(form), 1);
      return z.object({ ExclusiveStartKey: itemSchema }).parse(requests[0]).ExclusiveStartKey;
    },
    write: async (key: z.output<typeof itemSchema>) =>
      (await dynamoDbEventStore(aTable([], key).client, TABLE).scan(0, 1, undefined, 1)).cursor,
    uses: [dynamoDbEventStore],
  }),
  'memory-scan-cursor': message({
    // The position where a scan continues: after the commit that the cursor names.
    read: async (form) => {
      const { commits } = await someCommits().scan(0, 1, z.string().parse(form), 1);
      return commits.map(({ log, position }) => ({ log, position: position - 1 }))[0];
    },
    write: async (end: Pick<Commit, 'log' | 'position'> | undefined) =>
      (await someCommits().scan(0, 1, undefined, end?.position ?? 0)).cursor,
    uses: [memoryEventStore],
  }),
  'decision-scan-cursor': message({
    read: async (form) => {
      const { client, requests } = aTable();
      await dynamoDbDecisions(client, TABLE, { strong: true }).scan(0, 1, z.string().parse(form), 1);
      return z.object({ ExclusiveStartKey: itemSchema }).parse(requests[0]).ExclusiveStartKey;
    },
    write: async (key: z.output<typeof itemSchema>) =>
      (await dynamoDbDecisions(aTable([], key).client, TABLE, { strong: true }).scan(0, 1, undefined, 1)).cursor,
    uses: [dynamoDbDecisions],
  }),
  'memory-decision-scan-cursor': message({
    // The attempt after which a scan continues.
    read: async (form) => {
      const { decisions } = await someDecisions().scan(0, 1, z.string().parse(form), 1);
      return decisions.map(({ transaction, attempt }) => ({ transaction, attempt: attempt - 1 }))[0];
    },
    write: async (end: Pick<Decision, 'transaction' | 'attempt'> | undefined) =>
      (await someDecisions().scan(0, 1, undefined, (end?.attempt ?? 0) + 1)).cursor,
    uses: [memoryDecisions],
  }),
};

/** Everything sent between processes. */
export const messages: Readonly<Record<string, Form>> = {
  ...onTheBus,
  ...inQueues,
  ...betweenFunctions,
  ...byTheApi,
  ...tokens,
};

const entrySchema = z.object({ source: z.string(), detailType: z.string(), detail: z.unknown() });
const entriesSchema = z.array(entrySchema);
const tokenSchema = z.object({ stream: z.string(), token: z.string() });

function plain({ source, detailType, detail }: BusEntry) {
  return { source, detailType, detail: JSON.parse(detail) };
}

function newId(): string {
  return 'made-here';
}

const anEvent: SubscribedEvent = {
  id: 'note/n@us-east-1.1.0',
  stream: 'note/n',
  type: 'Noted',
  schemaVersion: 1,
  data: { text: 'red' },
  meta: {
    ...{ region: 'us-east-1', log: 'us-east-1', position: 1, index: 0, count: 1, previous: 0, context: {} },
    ...{ hlc: '019b76da80000000', commitId: 'order-17', fingerprint: 'digest' },
  },
};

/** The commit that these events belong to. */
function commitOf(events: readonly SubscribedEvent[]): Commit {
  const [{ stream, meta } = anEvent] = events;
  const { region, log, position, previous, context, hlc, wallTime, commitId, fingerprint, digest, repair, ...more } =
    meta;
  const { index: _index, count: _count, ...given } = more;
  return {
    ...{ stream, log, position, commitId, fingerprint, context, previous, hlc, region, meta: given },
    ...(digest !== undefined && { digest }),
    ...(repair && { repair }),
    ...(wallTime !== undefined && { wallTime }),
    events: events.map(({ type, schemaVersion, data }) => ({ type, schemaVersion, data })),
  };
}

/** The decision of an announcement. */
function announced(means: z.output<typeof committedSchema> | z.output<typeof abortedSchema>): Decision {
  const { transaction, meta } = means;
  const of = { transaction, attempt: 1, final: true, fingerprint: 'digest', remaining: 0, region: meta.region };
  const decidedAt = Date.parse(meta.decidedAt);
  const abortSchema = z.looseObject({ reason: abortedSchema.shape.reason, participant: z.string().optional() });
  const aborted = abortSchema.safeParse(means).data;
  if (aborted)
    return {
      ...{ ...of, state: 'aborted', participants: [], decidedAt },
      reason: { ...(aborted.participant !== undefined && { stream: aborted.participant }), problem: aborted.reason },
    };
  const { participants } = committedSchema.parse(means);
  return { ...of, state: 'committed', participants: participants.map(intentIn), decidedAt };
}

function intentIn({
  stream,
  log,
  position,
  version,
}: Record<'stream' | 'log' | 'version', string> & { position: number }) {
  return { stream, log, position, version: decodeVersionToken(stream, version, '') };
}

function outcomeShown(shown: z.output<typeof transactionShownSchema>): Parameters<typeof encodeTransaction>[0] {
  const { id } = shown;
  switch (shown.state) {
    case 'undecided':
      return { id, state: shown.state };
    case 'committed':
      return { id, state: shown.state, participants: shown.participants.map(intentIn) };
    case 'aborted':
      return { id, state: shown.state, reason: { stream: shown.participant, problem: shown.reason } };
  }
}

/** Operators' requests and their results. */
function operatorForms<Name extends OperatorAction>(action: Name): readonly (readonly [string, Form])[] {
  const { request, result } = operatorActions[action];
  const asked = message<unknown>({
    read: (form) => {
      const { action: _action, ...input } = operateRequestSchema.parse(form);
      return request.parse(input);
    },
    write: (input) => encodeOperateRequest(action, z.custom<ActionInput<Name>>().parse(input)),
    uses: [operateRequestSchema, encodeOperateRequest, operatorActions, request],
    strict: 'an unknown option must not be ignored: a dry run would become a redrive',
  });
  return [
    [`operate-${action}-request`, asked],
    [`operate-${action}-result`, parsedBy(result)],
  ];
}

/** A table with three commits of a log. */
function someCommits() {
  const store = memoryEventStore();
  for (const position of [1, 2, 3]) store.replicate({ ...commitOf([anEvent]), position });
  return store;
}

/** A table with the decisions on the attempts 0 to 3 of a transaction. */
function someDecisions() {
  const table = memoryDecisions({ strong: true });
  for (const attempt of [0, 1, 2, 3]) table.replicate(aBusyAttempt({ transaction: 'us-east-1:order-17', attempt }));
  return table;
}
