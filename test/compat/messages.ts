import * as z from 'zod';
import { dynamoDbEventStore } from '../../adapters/dynamodb/event-store.ts';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { fromProblem, toProblem } from '../../core/facts/errors.ts';
import type {
  Append,
  Appended,
  Commit,
  Decision,
  OperatorAction,
  SubscribedEvent,
  Transaction,
} from '../../core/index.ts';
import { coordinateStep } from '../../core/transaction/coordinate.ts';
import { abortedSchema, announcementOf, committedSchema } from '../../core/wire/announcement.ts';
import {
  commitPageSchema,
  encodeCommitPage,
  encodeReason,
  encodeRow,
  encodeRowPage,
  encodeStreamState,
  encodeTransaction,
  healthSchema,
  problemDetailsSchema,
  rowPageSchema,
  rowSchema,
  streamStateSchema,
  submittedSchema,
  transactionShownSchema,
} from '../../core/wire/api.ts';
import type { BusEntry } from '../../core/wire/bus.ts';
import { entriesOf, eventBodySchema, parseSubscribedEvent, publishedSchema } from '../../core/wire/bus-event.ts';
import {
  appendAnswerSchema,
  appendRequestSchema,
  outcomeAnswerSchema,
  outcomeRequestSchema,
  transactRequestSchema,
} from '../../core/wire/command.ts';
import { coordinatorRequestSchema, machineInputSchema } from '../../core/wire/coordinator.ts';
import { decisionAnswerSchema, decisionRequestSchema } from '../../core/wire/decision.ts';
import { parseCommandEnvelope, parseEventsEnvelope } from '../../core/wire/envelope.ts';
import {
  type ActionInput,
  encodeOperateRequest,
  isOperatorAction,
  operateAnswerSchema,
  operateRequestSchema,
  operatorActions,
} from '../../core/wire/operate.ts';
import { participantAnswerSchema, participantRequestSchema } from '../../core/wire/participant.ts';
import { encodeKeys, type ProjectionMessage, parseProjectionMessage } from '../../core/wire/projection.ts';
import { encodeQuarantined, parseQuarantined, type QuarantinedMessage } from '../../core/wire/quarantine.ts';
import {
  acceptedEntry,
  acceptedSchema,
  encodeAccepted,
  rejectedEntry,
  rejectedSchema,
} from '../../core/wire/receipt.ts';
import { encodeResolverMessage, parseResolverMessage, type ResolverMessage } from '../../core/wire/resolver.ts';
import { parseTransaction } from '../../core/wire/transaction-envelope.ts';
import { decodeVersionToken, encodeVersionToken } from '../../core/wire/version-token.ts';
import { toyDomain } from '../../testing/toy.ts';
import { fakeRuntime } from '../runtime.ts';
import { aTable, itemSchema, TABLE } from './a-table.ts';
import { answersTo } from './api.ts';
import { type Form, message, parsedBy } from './form.ts';

const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'];
const byOthers = 'what callers send is read strictly, so that a typo is told';

/** What goes over a Region's bus. */
const onTheBus: Readonly<Record<string, Form>> = {
  'bus-event': message({
    read: (form) =>
      entriesSchema
        .parse(form)
        .map(({ detailType, detail }) => parseSubscribedEvent(JSON.stringify({ 'detail-type': detailType, detail }))),
    write: (events: readonly SubscribedEvent[]) => entriesOf(commitOf(events)).map(plain),
    uses: [entriesOf, parseSubscribedEvent, publishedSchema],
  }),
  announcement: message({
    read: (form) => {
      const { detailType, detail } = entrySchema.parse(form);
      return detailType === 'TransactionCommitted' ? committedSchema.parse(detail) : abortedSchema.parse(detail);
    },
    write: (means: z.output<typeof committedSchema> | z.output<typeof abortedSchema>) =>
      plain(announcementOf(announced(means))),
    uses: [announcementOf, committedSchema, abortedSchema, encodeReason],
  }),
  accepted: message({
    read: (form) => {
      const { id, stream, version, log = '', position } = acceptedSchema.parse(entrySchema.parse(form).detail);
      return {
        ...{ commitId: id, stream, version: decodeVersionToken(stream, version, '') },
        ...(position !== undefined && { dot: { log, position } }),
      };
    },
    write: (appended: Appended) => plain(acceptedEntry(encodeAccepted(appended))),
    uses: [acceptedEntry, encodeAccepted, acceptedSchema],
  }),
  rejected: message({
    read: (form) => rejectedSchema.parse(entrySchema.parse(form).detail),
    write: (rejected: Parameters<typeof rejectedEntry>[0]) => plain(rejectedEntry(rejected)),
    uses: [rejectedEntry, rejectedSchema],
  }),
  'append-envelope': message({
    read: (form): Append => parseEventsEnvelope(toyDomain, form, newId),
    uses: [parseEventsEnvelope],
    strict: byOthers,
  }),
  'command-envelope': message({
    read: (form): Append => parseCommandEnvelope(toyDomain, form, newId),
    uses: [parseCommandEnvelope],
    strict: byOthers,
  }),
  'transact-envelope': message({
    read: (form): Transaction =>
      parseTransaction({ domain: toyDomain, region: 'us-east-1', regions: REGIONS, runtime: fakeRuntime() }, form),
    uses: [parseTransaction],
    strict: byOthers,
  }),
};

/** What queues carry. */
const inQueues: Readonly<Record<string, Form>> = {
  'projection-message': message({
    read: (form) => parseProjectionMessage(JSON.stringify(form)),
    write: (means: ProjectionMessage) =>
      'keys' in means
        ? JSON.parse(encodeKeys(means.keys.map((key) => ({ ...commitOf([anEvent]), ...key }))))
        : means.event,
    uses: [parseProjectionMessage, encodeKeys, eventBodySchema],
  }),
  'resolver-message': message({
    read: (form) => parseResolverMessage(JSON.stringify(form)),
    write: (means: ResolverMessage) => JSON.parse(encodeResolverMessage(means)),
    uses: [parseResolverMessage, encodeResolverMessage],
  }),
  'quarantined-message': message({
    read: (form) => parseQuarantined(JSON.stringify(form)),
    write: (means: QuarantinedMessage | undefined) => means && JSON.parse(encodeQuarantined(means)),
    uses: [parseQuarantined, encodeQuarantined],
    strict: 'by having two members it is told from a message that SQS has moved there as it came',
  }),
};

/** What functions ask of each other, and answer. */
const betweenFunctions: Readonly<Record<string, Form>> = {
  'append-request': parsedBy(appendRequestSchema),
  'append-answer': parsedBy(appendAnswerSchema),
  'transact-request': parsedBy(transactRequestSchema),
  'outcome-request': parsedBy(outcomeRequestSchema),
  'outcome-answer': parsedBy(outcomeAnswerSchema),
  'machine-input': parsedBy(machineInputSchema),
  'coordinator-request': parsedBy(coordinatorRequestSchema),
  // The state machine reads it, by paths into it.
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
  'participant-request': parsedBy(participantRequestSchema),
  'participant-answer': parsedBy(participantAnswerSchema),
  'decision-request': parsedBy(decisionRequestSchema),
  'decision-answer': parsedBy(decisionAnswerSchema),
  'operate-answer': parsedBy(operateAnswerSchema),
  ...Object.fromEntries(Object.keys(operatorActions).filter(isOperatorAction).flatMap(operatorForms)),
};

/** What the API answers. */
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
    write: ({ region, stream, version, ...read }: z.output<typeof streamStateSchema>) =>
      encodeStreamState(region, stream, { ...read, version: decodeVersionToken(stream, version, '') }),
    uses: [streamStateSchema, encodeStreamState],
  }),
  'api-commit-page': message({
    read: (form) => commitPageSchema.parse(form),
    write: ({ stream, commits, version, next }: z.output<typeof commitPageSchema>) =>
      encodeCommitPage(stream, {
        commits: commits.map((commit) => ({ ...commit, stream, fingerprint: '' })),
        version: decodeVersionToken(stream, version, ''),
        more: next !== undefined,
      }),
    uses: [commitPageSchema, encodeCommitPage],
  }),
  'api-row': message({
    read: (form) => rowSchema.parse(form),
    write: ({ view, region, ...row }: z.output<typeof rowSchema>) => encodeRow(region, view, row),
    uses: [rowSchema, encodeRow],
  }),
  'api-row-page': message({
    read: (form) => rowPageSchema.parse(form),
    write: ({ view, region, rows, next }: z.output<typeof rowPageSchema>) =>
      encodeRowPage(region, view, { rows, more: next !== undefined }),
    uses: [rowPageSchema, encodeRowPage],
  }),
  'api-health': parsedBy(healthSchema),
  'api-transaction': message({
    read: (form) => transactionShownSchema.parse(form),
    write: (means: z.output<typeof transactionShownSchema>) => encodeTransaction(outcomeShown(means)),
    uses: [transactionShownSchema, encodeTransaction],
  }),
};

/** Texts that callers keep, and send back. */
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
    uses: [decodeVersionToken, encodeVersionToken],
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
    // Where a scan goes on: at the commit behind the one that the cursor names.
    read: async (form) => {
      const { commits } = await someCommits().scan(0, 1, z.string().parse(form), 1);
      return commits.map(({ log, position }) => ({ log, position: position - 1 }))[0];
    },
    write: async (end: Pick<Commit, 'log' | 'position'> | undefined) =>
      (await someCommits().scan(0, 1, undefined, end?.position ?? 0)).cursor,
    uses: [memoryEventStore],
  }),
};

/** Everything that goes from one process to another. */
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

/** The commit whose events these are. */
function commitOf(events: readonly SubscribedEvent[]): Commit {
  const [{ stream, meta } = anEvent] = events;
  const {
    region,
    log,
    position,
    previous,
    context,
    hlc,
    commitId,
    fingerprint,
    index: _,
    count: _all,
    ...given
  } = meta;
  return {
    ...{ stream, log, position, commitId, fingerprint, context, previous, hlc, region, meta: given },
    events: events.map(({ type, schemaVersion, data }) => ({ type, schemaVersion, data })),
  };
}

/** The decision that an announcement tells. */
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
}: {
  stream: string;
  log: string;
  position: number;
  version: string;
}) {
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

/** What is asked by an operator, and what comes back. */
function operatorForms<Name extends OperatorAction>(action: Name): readonly (readonly [string, Form])[] {
  const { request, result } = operatorActions[action];
  const asked = message<unknown>({
    read: (form) => {
      const { action: _action, ...input } = operateRequestSchema.parse(form);
      return request.parse(input);
    },
    write: (input) => encodeOperateRequest(action, z.custom<ActionInput<Name>>().parse(input)),
    uses: [operateRequestSchema, encodeOperateRequest, operatorActions, request],
    strict: 'an option that is not known must not be passed over: without its dry run a redrive is one',
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
