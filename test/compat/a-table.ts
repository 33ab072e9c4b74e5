import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

export const itemSchema = z.record(z.string(), z.looseObject({}));

/** An item in wire format: attribute values. */
export type Item = z.output<typeof itemSchema>;

/** The table name given to every adapter here. */
export const TABLE = 'table';

const keyNamesSchema = z.record(z.string(), z.string()).default({});

const updateSchema = z.object({
  Key: itemSchema,
  UpdateExpression: z.string(),
  ExpressionAttributeNames: keyNamesSchema,
  ExpressionAttributeValues: itemSchema,
});

const writeSchema = z.object({ Put: z.object({ Item: itemSchema }).optional(), Update: updateSchema.optional() });

const requestSchema = z.union([
  z.object({ TransactItems: z.array(writeSchema) }),
  updateSchema.transform((Update) => ({ TransactItems: [{ Put: undefined, Update }] })),
  z.object({ Item: itemSchema }).transform((Put) => ({ TransactItems: [{ Put, Update: undefined }] })),
]);

const bytesSchema = z.instanceof(Uint8Array);
const utf8 = new TextDecoder();

/**
 * A DynamoDB whose table returns these items for every request, and what an update has made of an item.
 * @returns a client, its requests, and the written items
 */
export function aTable(items: readonly Item[] = [], lastEvaluatedKey?: Item) {
  const requests: unknown[] = [];
  const handle = async ({ body }: { readonly body?: unknown }) => {
    const request: unknown = JSON.parse(utf8.decode(bytesSchema.parse(body)));
    requests.push(request);
    const update = updateSchema.safeParse(request).data;
    const answer = JSON.stringify({
      Item: items[0],
      Items: items,
      Attributes: update && updated(update),
      Responses: { [TABLE]: items },
      UnprocessedKeys: {},
      LastEvaluatedKey: lastEvaluatedKey,
    });
    return {
      response: {
        statusCode: 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: Buffer.from(answer),
      },
    };
  };
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: { handle, metadata: {} },
  });
  const written = (): readonly Item[] =>
    requests
      .flatMap((request) => requestSchema.safeParse(request).data?.TransactItems ?? [])
      .flatMap(({ Put, Update }): readonly Item[] => (Put ? [Put.Item] : Update ? [updated(Update)] : []))
      .sort((a, b) => (JSON.stringify(a.sk) < JSON.stringify(b.sk) ? -1 : 1));
  return { client, requests, written };
}

/** The item created by an update. Supports `SET a = :a, b = if_not_exists(b, :b)` and `ADD a :a, b :b`. */
function updated(update: z.output<typeof updateSchema>): Item {
  const { Key, UpdateExpression, ExpressionAttributeNames: names, ExpressionAttributeValues: values } = update;
  const changes = UpdateExpression.matchAll(/([#\w]+) (?:= )?(?:if_not_exists\([#\w]+, )?(:\w+)/g);
  const attributes = [...changes].flatMap(([, name = '', value = '']) => {
    const attribute = values[value];
    return attribute ? [[names[name] ?? name, attribute] as const] : [];
  });
  return { ...Key, ...Object.fromEntries(attributes) };
}
