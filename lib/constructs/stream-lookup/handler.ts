import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';
import * as z from 'zod';

/** The calls that the lookup makes to AWS. */
export interface StreamLookupPorts {
  /** The ARN of the table's latest stream; undefined if it has none. */
  readonly latestStreamArn: (tableName: string) => Promise<string | undefined>;
  /** Sends the response to CloudFormation; without one the deploy waits until the resource's timeout. */
  readonly answer: (url: string, response: CloudFormationCustomResourceResponse) => Promise<void>;
}

const propertiesSchema = z.object({ TableName: z.string() });

/** Responds to CloudFormation with the stream's ARN as the attribute `StreamArn`. A deletion needs no work. */
export function makeHandler({ latestStreamArn, answer }: StreamLookupPorts) {
  return async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    const reply = {
      // The id never changes: a new id would make CloudFormation delete the old resource after an update.
      PhysicalResourceId: event.RequestType === 'Create' ? event.LogicalResourceId : event.PhysicalResourceId,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
    };
    const lookUp = async (): Promise<CloudFormationCustomResourceResponse> => {
      if (event.RequestType === 'Delete') return { ...reply, Status: 'SUCCESS' };
      const { TableName } = propertiesSchema.parse(event.ResourceProperties);
      const StreamArn = await latestStreamArn(TableName);
      if (StreamArn === undefined)
        return {
          ...reply,
          Status: 'FAILED',
          Reason: `The table ${TableName} has no stream in this Region; deploy the global stack first.`,
        };
      return { ...reply, Status: 'SUCCESS', Data: { StreamArn } };
    };
    const response = await lookUp().catch(
      (cause: unknown): CloudFormationCustomResourceResponse => ({ ...reply, Status: 'FAILED', Reason: String(cause) }),
    );
    await answer(event.ResponseURL, response);
  };
}
