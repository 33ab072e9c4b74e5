import type { Context, SQSEvent } from 'aws-lambda';
import type { Telemetry } from '../../lambdas/instrument.ts';

/** The context that Lambda passes to a handler along with the event. */
export const context: Context = {
  awsRequestId: '1',
  functionName: 'test',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
  memoryLimitInMB: '512',
  logGroupName: '/aws/lambda/test',
  logStreamName: 'test',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => 30_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};

export interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Telemetry that keeps the log. */
export function recordedTelemetry(): Telemetry & { readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const log = (level: Line['level']) => (message: string, details: Line['details']) => {
    lines.push({ level, message, details });
  };
  return { lines, log: { info: log('info'), warn: log('warn'), error: log('error') }, middlewares: [] };
}

/** An SQS batch for a function, with the message ids `message-0`, `message-1` … */
export function sqsEvent(bodies: readonly string[]): SQSEvent {
  return {
    Records: bodies.map((body, i) => ({
      messageId: `message-${i}`,
      receiptHandle: `receipt-${i}`,
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: 'test',
        ApproximateFirstReceiveTimestamp: '0',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:test',
      awsRegion: 'us-east-1',
    })),
  };
}
