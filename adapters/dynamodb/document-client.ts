import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * A client for items of plain values, which come back as they were written. Commits and decisions go without it:
 * docs/decisions/0019-document-client.md.
 */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, {
    marshallOptions: {
      // An attribute that is to be absent is left out of its item; `undefined` in its place is a mistake, and throws.
      removeUndefinedValues: false,
      // An empty text stays one.
      convertEmptyValues: false,
      // The text of a number has at most 17 digits, DynamoDB keeps 38: sums above 2^53 are written as they are.
      allowImpreciseNumbers: true,
    },
    // Sums above 2^53 come back as numbers. By default they are a BigInt or, in exponential notation, an error.
    unmarshallOptions: { wrapNumbers: Number },
  });
}
