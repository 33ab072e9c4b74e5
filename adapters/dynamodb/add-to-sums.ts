import type { TransactWriteItem } from '@aws-sdk/lib-dynamodb';
import type { Sums } from '../../core/index.ts';

/**
 * Adds to the sums of a key. All keys are in one partition, and each field of the sums is an attribute. No field may be
 * named `pk` or `sk`, and no key may be empty.
 * @returns the transaction items of one addition
 */
export function addToSums(table: string, partition: string) {
  return ({ key, sums }: { readonly key: string; readonly sums: Sums }): readonly TransactWriteItem[] => {
    const fields = Object.entries(sums);
    return [
      {
        Update: {
          TableName: table,
          Key: { pk: partition, sk: key },
          UpdateExpression: `ADD ${fields.map((_, i) => `#${i} :${i}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(fields.map(([field], i) => [`#${i}`, field])),
          ExpressionAttributeValues: Object.fromEntries(fields.map(([, sum], i) => [`:${i}`, sum])),
        },
      },
    ];
  };
}
