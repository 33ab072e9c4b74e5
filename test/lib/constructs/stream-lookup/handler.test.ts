import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { makeHandler } from '../../../../lib/constructs/stream-lookup/handler.ts';

const common = {
  ServiceToken: 'arn:aws:lambda:us-east-2:123456789012:function:meridian-stream-lookup',
  ResponseURL: 'https://cloudformation.example/answer',
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'EventsStream',
  ResourceType: 'AWS::CloudFormation::CustomResource',
  ResourceProperties: { ServiceToken: 'token', TableName: 'meridian-events' },
};
const create: CloudFormationCustomResourceEvent = { ...common, RequestType: 'Create' };
const update: CloudFormationCustomResourceEvent = {
  ...common,
  RequestType: 'Update',
  PhysicalResourceId: 'EventsStream',
  OldResourceProperties: { ServiceToken: 'token' },
};
const remove: CloudFormationCustomResourceEvent = {
  ...common,
  RequestType: 'Delete',
  PhysicalResourceId: 'EventsStream',
};

async function run(
  event: CloudFormationCustomResourceEvent,
  latestStreamArn: (table: string) => Promise<string | undefined>,
) {
  const answers: { url: string; response: CloudFormationCustomResourceResponse }[] = [];
  await makeHandler({ latestStreamArn, answer: async (url, response) => void answers.push({ url, response }) })(event);
  return answers;
}
async function found(table: string) {
  return `arn:of:${table}`;
}
async function never() {
  return Promise.reject(new Error('must not be called'));
}

describe('the stream lookup', () => {
  it.each([
    ['made', create],
    ['changed', update],
  ])('returns the ARN under one physical id when it is %s', async (_, event) => {
    expect(await run(event, found)).toEqual([
      {
        url: 'https://cloudformation.example/answer',
        response: {
          Status: 'SUCCESS',
          PhysicalResourceId: 'EventsStream',
          StackId: 'stack',
          RequestId: 'request',
          LogicalResourceId: 'EventsStream',
          Data: { StreamArn: 'arn:of:meridian-events' },
        },
      },
    ]);
  });

  it('can be deleted without a lookup of the table, which may no longer exist', async () => {
    expect(await run(remove, never)).toMatchObject([
      { response: { Status: 'SUCCESS', PhysicalResourceId: 'EventsStream' } },
    ]);
  });

  it.each([
    ['there is no table', async () => Promise.reject(new Error('ResourceNotFoundException')), /ResourceNotFound/],
    ['the table has no stream', async () => undefined, /meridian-events has no stream.*deploy the global stack/],
  ])(
    'fails with the reason, and does not leave CloudFormation waiting, when %s',
    async (_, latestStreamArn, reason) => {
      expect(await run(create, latestStreamArn)).toMatchObject([
        { response: { Status: 'FAILED', Reason: expect.stringMatching(reason), PhysicalResourceId: 'EventsStream' } },
      ]);
    },
  );

  it('fails with the reason if the stack does not name a table', async () => {
    const nameless = { ...create, ResourceProperties: { ServiceToken: 'token' } };
    expect(await run(nameless, found)).toMatchObject([
      { response: { Status: 'FAILED', Reason: expect.stringContaining('TableName') } },
    ]);
  });
});
