import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * A client for items of plain values, which are read back as written. Commits and decisions do not use it:
 * docs/decisions/0019-document-client.md.
 */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, {
    marshallOptions: {
      // The caller omits absent attributes; an `undefined` value is a mistake, and throws.
      removeUndefinedValues: false,
      // Keeps empty texts.
      convertEmptyValues: false,
      // A number's text has at most 17 digits, and DynamoDB keeps 38: sums above 2^53 are written unchanged.
      allowImpreciseNumbers: true,
    },
    // Sums above 2^53 are read as numbers. By default they would be a BigInt or, in exponential notation, an error.
    unmarshallOptions: { wrapNumbers: Number },
  });
}
