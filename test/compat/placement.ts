import { dynamoDbPlacement } from '../../adapters/dynamodb/placement.ts';
import {
  fromPlacementItem,
  PLACEMENT_PARTITION,
  placementItemSchema,
  toPlacementItem,
} from '../../adapters/dynamodb/placement-item.ts';
import type { PlacementRecord } from '../../core/index.ts';
import {
  decodePlacementRecord,
  encodePlacementRecord,
  placementRecordSchema,
  placementSchema,
} from '../../core/wire/placement.ts';
import { aTable, itemSchema, TABLE } from './a-table.ts';
import { type Form, item } from './form.ts';

/** The item of the table `placement`. */
export const placementItem: Form = item({
  read: async (form) => (await dynamoDbPlacement(aTable([itemSchema.parse(form)]).client, TABLE).records())[0],
  write: async (record: PlacementRecord | undefined) => {
    const { client, written } = aTable();
    if (record) await dynamoDbPlacement(client, TABLE).put(record);
    return written()[0];
  },
  uses: [
    ...[dynamoDbPlacement, toPlacementItem, fromPlacementItem, placementItemSchema, PLACEMENT_PARTITION],
    ...[encodePlacementRecord, decodePlacementRecord, placementRecordSchema, placementSchema],
  ],
});
