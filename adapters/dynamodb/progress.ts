import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteItem,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { further } from '../../core/delivery/log-order.ts';
import { type Handled, type Place, type Progress, subscribedEventSchema } from '../../core/index.ts';
import { DATABASE_MS, QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError, sdkError } from '../sdk/sdk-error.ts';
import { padded } from './attributes.ts';
import { documentClient } from './document-client.ts';
import { lostRace } from './lost-race.ts';

const INDEX_DIGITS = 4;

const LAST = 'last';
const PARKED = 'parked#';

const countSchema = z.int().nonnegative();
export const placeSchema = z.object({ position: countSchema, index: countSchema, count: countSchema });
export const parkedSchema = z.object({ event: z.string(), since: countSchema });

function partitionOf(stream: string, log: string): string {
  return `${stream}@${log}`;
}
function parkedKey({ position, index }: Omit<Place, 'count'>): string {
  return `${PARKED}${padded(position)}.${padded(index, INDEX_DIGITS)}`;
}

/**
 * A subscriber's progress in its own table, whose time-to-live attribute is `expires`. Every method throws
 * MeridianError `unavailable` (retryable) if DynamoDB does not respond.
 * @param itemsOf the items that an effect writes, in any table of this Region: at most 99 per event, and without
 *   conditions, because a failed condition looks like a lost race
 * @param region this Region, if the table is a global one; undefined: only this Region has the table
 */
export function dynamoDbProgress<Effect>(
  client: DynamoDBClient,
  table: string,
  itemsOf: (effect: Effect) => readonly TransactWriteItem[],
  region?: string,
): Progress<Effect> {
  const documents = documentClient(client);
  const places = region === undefined ? placesOfOne(documents, table) : placesOfAll(documents, table, region);
  const parkedPartition = (stream: string, log: string): string =>
    region === undefined ? partitionOf(stream, log) : `${partitionOf(stream, log)}@${region}`;
  return {
    last: (stream, log) => orSdkError(`read the progress of ${stream}`, places.last(stream, log)),
    advance: async (event, before, effects) => {
      try {
        await documents.send(
          new TransactWriteCommand({
            TransactItems: [places.put(event, before), ...effects.flatMap((effect) => itemsOf(effect))],
          }),
          timeLimit(DATABASE_MS),
        );
        return true;
      } catch (error) {
        if (lostRace(error)) return false;
        throw sdkError(`handle ${event.id}`, error);
      }
    },
    park: async (event, since, { look, latest }) => {
      const update = new UpdateCommand({
        TableName: table,
        Key: { pk: parkedPartition(event.stream, event.meta.log), sk: parkedKey(event.meta) },
        // `expires` is renewed on every call: an event republished after days must not expire before its message.
        UpdateExpression:
          'SET #event = :event, #since = if_not_exists(#since, :since), #look = :look, #expires = :expires',
        ConditionExpression: 'attribute_not_exists(#look) OR #look <= :latest OR #event <> :event',
        ExpressionAttributeNames: { '#event': 'event', '#since': 'since', '#look': 'look', '#expires': 'expires' },
        ExpressionAttributeValues: {
          ':event': JSON.stringify(event),
          ':since': since,
          ':look': look,
          ':latest': latest,
          ':expires': Math.floor(since / 1000) + QUEUE_RETENTION_S,
        },
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      try {
        const { Attributes } = await documents.send(update, timeLimit(DATABASE_MS));
        return { since: parkedSchema.parse(Attributes).since, isCopy: false };
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException)
          return { since: Number(error.Item?.since?.N ?? since), isCopy: true };
        throw sdkError(`park ${event.id}`, error);
      }
    },
    parked: async (stream, log, behind, limit) => {
      const input: QueryCommandInput = {
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk > :behind',
        ExpressionAttributeValues: { ':pk': parkedPartition(stream, log), ':behind': parkedKey(behind) },
        ConsistentRead: true,
        Limit: limit,
      };
      const items: Record<string, unknown>[] = [];
      const read = async (): Promise<void> => {
        // A page of a Query ends at 1 MB, which four large events fill.
        for await (const { Items = [] } of paginateQuery({ client: documents }, input, timeLimit(DATABASE_MS)))
          if (items.push(...Items) >= limit) break;
      };
      await orSdkError(`read the parked events of ${stream}`, read());
      return items.slice(0, limit).map((item) => {
        const { event, since } = parkedSchema.parse(item);
        return { event: subscribedEventSchema.parse(JSON.parse(event)), since };
      });
    },
  };
}

/** Where the places are in a table. */
interface Places {
  last(stream: string, log: string): Promise<Place | undefined>;
  put(handled: Handled, before: Place | undefined): TransactWriteItem;
}

/** The places of the one Region that has the table. */
function placesOfOne(documents: DynamoDBDocumentClient, table: string): Places {
  return {
    last: async (stream, log) => {
      const { Item } = await documents.send(
        new GetCommand({ TableName: table, Key: { pk: partitionOf(stream, log), sk: LAST }, ConsistentRead: true }),
        timeLimit(DATABASE_MS),
      );
      return Item && placeSchema.parse(Item);
    },
    put: (handled, before) => ({
      Put: {
        TableName: table,
        Item: lastItem(handled, LAST),
        ...(before
          ? {
              ConditionExpression: '#position = :position AND #index = :index',
              ExpressionAttributeNames: PLACE_NAMES,
              ExpressionAttributeValues: { ':position': before.position, ':index': before.index },
            }
          : { ConditionExpression: 'attribute_not_exists(pk)' }),
      },
    }),
  };
}

/** The places of all Regions in a global table: each one writes an item of its own, so that none overwrites that of another. */
function placesOfAll(documents: DynamoDBDocumentClient, table: string, region: string): Places {
  return {
    last: async (stream, log) => {
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :last)',
          ExpressionAttributeValues: { ':pk': partitionOf(stream, log), ':last': `${LAST}#` },
          ConsistentRead: true,
        }),
        timeLimit(DATABASE_MS),
      );
      return Items.map((item) => placeSchema.parse(item)).reduce<Place | undefined>(further, undefined);
    },
    put: (handled) => ({
      Put: {
        TableName: table,
        Item: lastItem(handled, `${LAST}#${region}`),
        ConditionExpression:
          'attribute_not_exists(pk) OR #position < :position OR (#position = :position AND #index < :index)',
        ExpressionAttributeNames: PLACE_NAMES,
        ExpressionAttributeValues: { ':position': handled.meta.position, ':index': handled.meta.index },
      },
    }),
  };
}

const PLACE_NAMES = { '#position': 'position', '#index': 'index' };

function lastItem({ stream, meta: { log, position, index, count } }: Handled, sk: string): Record<string, unknown> {
  return { pk: partitionOf(stream, log), sk, position, index, count };
}
