import { type DynamoDBClient, GetItemCommand, paginateQuery, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { Decision, TransactionsTable } from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { type CallOptions, timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';
import { decisionKey, fromDecisionItem, toDecisionItem } from './decision-item.ts';
import { putIfAbsent } from './put-if-absent.ts';
import { scanSegment } from './scan-segment.ts';

/**
 * The `transactions` table of the client's Region. Every method throws MeridianError `unavailable` (retryable) if
 * DynamoDB does not respond.
 * @param strong whether the table has multi-Region strong consistency
 */
export function dynamoDbDecisions(
  client: DynamoDBClient,
  table: string,
  { strong, callMs = DATABASE_MS }: CallOptions & { readonly strong: boolean },
): TransactionsTable {
  return {
    strong,
    put: async (decision) => {
      const { transaction, attempt } = decision;
      const item = toDecisionItem(decisionKey(transaction, attempt), decision);
      const there = await orSdkError(`decide ${transaction}`, putIfAbsent(client, table, item, callMs));
      return there && fromDecisionItem(there);
    },
    find: async (transaction, attempt, { read = 'strong', within = callMs } = {}) => {
      const input = { TableName: table, Key: decisionKey(transaction, attempt), ConsistentRead: read === 'strong' };
      const { Item } = await orSdkError(
        `read the decision on ${transaction}`,
        client.send(new GetItemCommand(input), timeLimit(Math.min(within, callMs))),
      );
      return Item && fromDecisionItem(Item);
    },
    attempts: async (transaction, consistency = 'strong') => {
      const input: QueryCommandInput = {
        TableName: table,
        ConsistentRead: consistency === 'strong',
        KeyConditionExpression: 'pk = :transaction',
        ExpressionAttributeValues: { ':transaction': { S: transaction } },
      };
      const read = async (): Promise<readonly Decision[]> => {
        const decisions: Decision[] = [];
        for await (const { Items = [] } of paginateQuery({ client }, input, timeLimit(callMs)))
          decisions.push(...Items.map(fromDecisionItem));
        return decisions;
      };
      return orSdkError(`read the decisions on ${transaction}`, read());
    },
    scan: async (segment, segments, after, limit) => {
      const { items, cursor } = await scanSegment(client, table, { segment, segments, after, limit, callMs });
      return { decisions: items.map(fromDecisionItem), cursor };
    },
  };
}
