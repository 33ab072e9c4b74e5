import { Billing } from 'aws-cdk-lib/aws-dynamodb';
import type { Config } from '../config.ts';

/** How every table is paid for: by the request, up to the maximums that the deployment sets. */
export function tableBilling({ maxReadUnits, maxWriteUnits }: Pick<Config, 'maxReadUnits' | 'maxWriteUnits'>): Billing {
  return Billing.onDemand({
    ...(maxReadUnits !== undefined && { maxReadRequestUnits: maxReadUnits }),
    ...(maxWriteUnits !== undefined && { maxWriteRequestUnits: maxWriteUnits }),
  });
}
