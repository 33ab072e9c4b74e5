import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  paginateQuery,
  QueryCommand,
  type QueryCommandInput,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type {
  Commit,
  Consistency,
  Decision,
  EventsTable,
  FirstCommits,
  IntentKey,
  VersionVector,
  Waiter,
} from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { type CallOptions, timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { checkFinal } from '../store-rules/check-final.ts';
import { checkWrite } from '../store-rules/check-write.ts';
import { batchGet } from './batch-get.ts';
import { whatCancelled } from './cancelled-transaction.ts';
import { fromImage, sortKey, toImage } from './commit-item.ts';
import { fromDecisionItem, isDecisionItem, oneRegionKey, toDecisionItem } from './decision-item.ts';
import { documentClient } from './document-client.ts';
import { getItem, ifAbsent, putIfAbsent } from './put-if-absent.ts';
import { retryConflicts } from './retry-conflicts.ts';
import { scanSegment } from './scan-segment.ts';

/**
 * The `events` table of the client's Region. Every method throws MeridianError `unavailable` (retryable) if DynamoDB
 * does not respond. `put` and `transact` throw `too-large` for a commit above DynamoDB's 400 KB; `transact` also throws
 * it for commits above 4 MB in total.
 */
export function dynamoDbEventStore(
  client: DynamoDBClient,
  table: string,
  { callMs = DATABASE_MS }: CallOptions = {},
): EventsTable {
  const documents = documentClient(client);
  const between = (stream: string, first: string, last: string, consistency?: Consistency): QueryCommandInput => ({
    TableName: table,
    ConsistentRead: consistency !== 'local',
    KeyConditionExpression: 'pk = :stream AND sk BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':stream': { S: stream }, ':first': { S: first }, ':last': { S: last } },
  });

  const query = async (stream: string, [first, last]: Range, consistency?: Consistency): Promise<readonly Commit[]> => {
    const commits: Commit[] = [];
    const input = between(stream, first, last, consistency);
    for await (const { Items = [] } of paginateQuery({ client }, input, timeLimit(callMs)))
      commits.push(...Items.map(fromImage));
    return commits;
  };

  /** The first commits of each log in a range: where a Query ends within a log, the next one starts after that log. */
  const firstIn = async (stream: string, [start, last]: Range, limit: number): Promise<FirstCommits> => {
    const commits: Commit[] = [];
    const cut: string[] = [];
    const bound = timeLimit(callMs);
    for (let first: string | undefined = start; first !== undefined; ) {
      const command: QueryCommand = new QueryCommand({ ...between(stream, first, last), Limit: limit });
      const { Items = [], LastEvaluatedKey } = await client.send(command, bound);
      const found = Items.map(fromImage);
      commits.push(...found);
      const log = LastEvaluatedKey && found.at(-1)?.log;
      if (log !== undefined) cut.push(log);
      first = log && sortKey(log, Number.MAX_SAFE_INTEGER);
    }
    return { commits, cut };
  };

  return {
    load: async (stream, after = {}, consistency) => {
      const queries = rangesBehind(after).map((range) => query(stream, range, consistency));
      return (await orSdkError(`load ${stream}`, Promise.all(queries))).flat();
    },
    loadFirst: async (stream, after, limit) => {
      const found = await orSdkError(
        `load ${stream}`,
        Promise.all(rangesBehind(after).map((range) => firstIn(stream, range, limit))),
      );
      return { commits: found.flatMap(({ commits }) => commits), cut: found.flatMap(({ cut }) => cut) };
    },
    loadLog: (stream, log, after) =>
      orSdkError(
        `load ${stream}`,
        // The query needs an upper bound too, because the logs of other Regions sort after this one.
        query(stream, [sortKey(log, after + 1), sortKey(log, Number.MAX_SAFE_INTEGER)]),
      ),
    scan: async (segment, segments, after, limit) => {
      const { items, cursor } = await scanSegment(client, table, { segment, segments, after, limit, callMs });
      return {
        commits: items.filter((item) => !isDecisionItem(item)).map(fromImage),
        outcomes: items.filter(isDecisionItem).map(fromDecisionItem),
        cursor,
      };
    },
    put: async (commit) => {
      const holder = await orSdkError(
        `append to ${commit.stream}`,
        putIfAbsent(client, table, toImage(commit), callMs),
      );
      return holder && fromImage(holder);
    },
    at: async (stream, log, position) => {
      const item = await orSdkError(
        `load ${stream}`,
        getItem(client, table, keyOf({ stream, log, position }), timeLimit(callMs)),
      );
      return item && fromImage(item);
    },
    taken: async (places) => {
      const keys = places.map(({ stream, log, position }) => ({ pk: stream, sk: sortKey(log, position) }));
      const found = await orSdkError(
        'look for commits',
        batchGet(documents, table, keys, { consistent: true, keysOnly: true, bound: timeLimit(callMs) }),
      );
      const taken = new Set(found.map(({ pk, sk }) => `${pk}\n${sk}`));
      return keys.map(({ pk, sk }) => taken.has(`${pk}\n${sk}`));
    },
    finalise: async (intent, state) => {
      const doing = `finalise an intent of ${intent.stream}`;
      const bound = timeLimit(callMs);
      try {
        await retryConflicts(bound, () => client.send(update(table, intent, state), bound));
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw sdkError(doing, error);
        const item = error.Item ?? (await orSdkError(doing, getItem(client, table, keyOf(intent), bound)));
        checkFinal(item && fromImage(item), intent, state);
      }
    },
    mark: async (intent, next) => {
      const bound = timeLimit(callMs);
      try {
        const { Attributes } = await retryConflicts(bound, () => client.send(marking(table, intent, next), bound));
        return Attributes && fromImage(Attributes);
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException))
          throw sdkError(`mark an intent of ${intent.stream}`, error);
        const item =
          error.Item ?? (await orSdkError(`load ${intent.stream}`, getItem(client, table, keyOf(intent), bound)));
        return item && fromImage(item);
      }
    },
    transact: async (write) => {
      checkWrite(write);
      const { commits, free, decision } = write;
      try {
        await client.send(
          // The SDK adds a client token, so that a request retried after a lost response is not applied twice.
          new TransactWriteItemsCommand({
            TransactItems: [
              ...commits.map((commit) => ({ Put: ifAbsent(table, toImage(commit)) })),
              ...free.map((position): TransactWriteItem => ({ ConditionCheck: isFree(table, position) })),
              { Put: ifAbsent(table, oneRegionItem(decision)) },
            ],
          }),
          timeLimit(callMs),
        );
        return undefined;
      } catch (error) {
        const why = whatCancelled(error, write);
        if (why) return why;
        throw sdkError(`write the transaction ${decision.transaction}`, error);
      }
    },
    findDecision: async (transaction) => {
      const key = oneRegionKey(transaction);
      const item = await orSdkError(
        `read the outcome of ${transaction}`,
        getItem(client, table, key, timeLimit(callMs)),
      );
      return item && fromDecisionItem(item);
    },
    putDecision: async (decision) => {
      const there = await orSdkError(
        `store the outcome of ${decision.transaction}`,
        putIfAbsent(client, table, oneRegionItem(decision), callMs),
      );
      return there && fromDecisionItem(there);
    },
  };
}

function oneRegionItem(decision: Decision) {
  return toDecisionItem(oneRegionKey(decision.transaction), decision);
}

function keyOf({ stream, log, position }: Omit<IntentKey, 'commitId'>) {
  return {
    pk: { S: stream },
    sk: { S: sortKey(log, position) },
  };
}

function isFree(table: string, position: Omit<IntentKey, 'commitId'>) {
  return {
    TableName: table,
    Key: keyOf(position),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
}

function update(table: string, intent: IntentKey, state: string): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName: table,
    Key: keyOf(intent),
    UpdateExpression: 'SET #tx.#state = :state',
    ConditionExpression: '#tx.#state = :prepared AND #commitId = :commitId',
    ExpressionAttributeNames: { '#tx': 'tx', '#state': 'state', '#commitId': 'commitId' },
    ExpressionAttributeValues: {
      ':state': { S: state },
      ':prepared': { S: 'prepared' },
      ':commitId': { S: intent.commitId },
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
}

function marking(table: string, intent: IntentKey, { transaction, began }: Waiter): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName: table,
    Key: keyOf(intent),
    UpdateExpression: 'SET #tx.#next = :next',
    ConditionExpression: [
      '#tx.#state = :prepared AND #commitId = :commitId AND (attribute_not_exists(#tx.#next) OR #tx.#next.#began > :began',
      'OR (#tx.#next.#began = :began AND #tx.#next.#transaction > :transaction))',
    ].join(' '),
    ExpressionAttributeNames: {
      ...{ '#tx': 'tx', '#state': 'state', '#commitId': 'commitId' },
      ...{ '#next': 'next', '#began': 'began', '#transaction': 'transaction' },
    },
    ExpressionAttributeValues: {
      ':next': { M: { transaction: { S: transaction }, began: { N: String(began) } } },
      ':prepared': { S: 'prepared' },
      ':commitId': { S: intent.commitId },
      ':began': { N: String(began) },
      ':transaction': { S: transaction },
    },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
}

/** The first and the last sort key of a range. */
type Range = readonly [first: string, last: string];

/**
 * The ranges of a stream's sort keys that a version does not cover: before its first log, between each log's last
 * position and the next log, and after its last one. They also cover logs that are not in the version.
 */
function rangesBehind(version: VersionVector): readonly Range[] {
  const logs = Object.entries(version).sort(([a], [b]) => (a < b ? -1 : 1));
  const ends = [...logs.map(([log]) => sortKey(log, 0)), LAST_KEY];
  return [FIRST_KEY, ...logs.map(([log, position]) => sortKey(log, position + 1))].map((first, i) => [
    first,
    ends[i] ?? LAST_KEY,
  ]);
}

/** The keys before and after all logs, whose names start with a letter or a digit. */
const [FIRST_KEY, LAST_KEY] = ['!', '~'];
