import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type DynamoDBClient, paginateQuery, paginateScan } from '@aws-sdk/client-dynamodb';
import {
  DeleteRuleCommand,
  type EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { GetFunctionUrlConfigCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { dynamoDbClient } from '../../../../adapters/dynamodb/client.ts';
import { fromImage } from '../../../../adapters/dynamodb/commit-item.ts';
import { eventBridgeClient } from '../../../../adapters/eventbridge/client.ts';
import { sqsClient } from '../../../../adapters/sqs/client.ts';
import type { BusEntry, EventPattern } from '../../../../core/index.ts';

/** The Regions of the grocery. */
export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const ACCOUNT = '000000000000';
export const NAME = 'grocery';
/** Maximum number of entries of one PutEvents request. */
const MAX_ENTRIES = 10;

export interface ApiRequest {
  readonly method?: 'GET' | 'POST';
  /** `/streams/cart/ada` */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A message as EventBridge puts it into a queue. */
const busMessageSchema = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });
export type BusMessage = z.output<typeof busMessageSchema>;

const pageSchema = z.object({
  rows: z.array(z.object({ key: z.string(), value: z.unknown() })),
  next: z.string().optional(),
});
export type Rows = z.output<typeof pageSchema>['rows'];

/** A transaction's intent in a stream, and its outcome. */
export interface Intent {
  readonly stream: string;
  readonly state: 'prepared' | 'committed' | 'aborted';
}

/** One Region of the app that is deployed to a LocalStack, as seen from outside. */
export class DeployedRegion {
  readonly name: string;
  readonly dynamoDb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly #endpoint: string;
  readonly #bus: EventBridgeClient;
  readonly #lambda: LambdaClient;
  #apiHost: Promise<string> | undefined;

  constructor(endpoint: string, name: string) {
    const options = { endpoint, region: name, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    this.name = name;
    this.#endpoint = endpoint;
    this.dynamoDb = dynamoDbClient(options);
    this.sqs = sqsClient(options);
    this.#bus = eventBridgeClient(options);
    this.#lambda = new LambdaClient(options);
  }

  /** Sends a request to the Region's Function URL. */
  async request({ method = 'GET', path, headers = {}, body }: ApiRequest): Promise<ApiAnswer> {
    this.#apiHost ??= this.#lambda
      .send(new GetFunctionUrlConfigCommand({ FunctionName: `${NAME}-api` }))
      .then(({ FunctionUrl = '' }) => new URL(FunctionUrl).host);
    const { port } = new URL(this.#endpoint);
    // The URL's host name does not resolve everywhere; LocalStack uses the `host` header instead.
    const host = await this.#apiHost;
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...headers, host, ...(body !== undefined && { 'content-type': 'application/json' }) },
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer]: IncomingMessage[] = await once(sent, 'response');
    if (!answer) throw new Error(`${this.name} did not answer ${path}.`);
    return { status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) };
  }

  /** Calls one of the app's functions, `participant` for example. */
  async invoke(name: string, payload: unknown): Promise<unknown> {
    const { FunctionError, Payload } = await this.#lambda.send(
      new InvokeCommand({ FunctionName: `${NAME}-${name}`, Payload: JSON.stringify(payload) }),
    );
    const answer = Payload?.transformToString() ?? '';
    if (FunctionError !== undefined) throw new Error(`${name} failed in ${this.name}: ${answer}`);
    return JSON.parse(answer);
  }

  /** Every row of a view. */
  async rows(view: string): Promise<Rows> {
    const all: Rows = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const query = new URLSearchParams({ limit: '1000', ...(after !== undefined && { after }) });
      const { rows, next } = pageSchema.parse((await this.request({ path: `/views/${view}?${query}` })).body);
      all.push(...rows);
      after = next;
    }
    return all;
  }

  /** Puts events on the Region's bus. */
  async put(entries: readonly BusEntry[]): Promise<void> {
    for (let begin = 0; begin < entries.length; begin += MAX_ENTRIES) {
      const { FailedEntryCount } = await this.#bus.send(
        new PutEventsCommand({
          Entries: entries.slice(begin, begin + MAX_ENTRIES).map(({ source, detailType, detail }) => ({
            EventBusName: NAME,
            Source: source,
            DetailType: detailType,
            Detail: detail,
          })),
        }),
      );
      if (FailedEntryCount !== 0) throw new Error(`${this.name} did not accept ${FailedEntryCount} events.`);
    }
  }

  /** Collects the matching events that are put on the Region's bus from now on. */
  async listen(name: string, pattern: EventPattern): Promise<Listener> {
    const names = { Name: `test-${name}-${process.pid}`, EventBusName: NAME };
    const { QueueUrl } = await this.sqs.send(new CreateQueueCommand({ QueueName: names.Name }));
    const Arn = `arn:aws:sqs:${this.name}:${ACCOUNT}:${names.Name}`;
    await this.#bus.send(new PutRuleCommand({ ...names, EventPattern: JSON.stringify(pattern) }));
    await this.#bus.send(
      new PutTargetsCommand({ Rule: names.Name, EventBusName: NAME, Targets: [{ Id: 'queue', Arn }] }),
    );
    const heard: BusMessage[] = [];
    return {
      heard: async () => {
        heard.push(...(await this.#take(QueueUrl)).map((body) => busMessageSchema.parse(JSON.parse(body))));
        return heard;
      },
      close: async () => {
        await this.#bus.send(new RemoveTargetsCommand({ Rule: names.Name, EventBusName: NAME, Ids: ['queue'] }));
        await this.#bus.send(new DeleteRuleCommand(names));
        await this.sqs.send(new DeleteQueueCommand({ QueueUrl }));
      },
    };
  }

  /** Takes all messages out of one of the app's queues, `quarantine` for example. */
  async takeAll(queue: string): Promise<readonly string[]> {
    return this.#take(await this.#queueUrl(queue));
  }

  /** How many messages wait in one of the app's queues, and how many were received but not deleted. */
  async depth(queue: string): Promise<{ readonly waiting: number; readonly inFlight: number }> {
    const { Attributes = {} } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: await this.#queueUrl(queue), AttributeNames: ['All'] }),
    );
    const { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: inFlight } = Attributes;
    return { waiting: Number(waiting), inFlight: Number(inFlight) };
  }

  async #queueUrl(queue: string): Promise<string | undefined> {
    return (await this.sqs.send(new GetQueueUrlCommand({ QueueName: `${NAME}-${queue}` }))).QueueUrl;
  }

  async #take(QueueUrl: string | undefined): Promise<readonly string[]> {
    const bodies: string[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return bodies;
      bodies.push(...Messages.map(({ Body = '' }) => Body));
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await this.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  /** Every intent, even a final one, as it is in the table now. */
  async intents(): Promise<readonly Intent[]> {
    const all: Intent[] = [];
    const pages = paginateScan(
      { client: this.dynamoDb },
      { TableName: `${NAME}-events`, FilterExpression: 'attribute_exists(tx)', ConsistentRead: true },
    );
    for await (const { Items = [] } of pages)
      all.push(...Items.map(fromImage).flatMap(({ stream, tx }) => (tx ? { stream, state: tx.state } : [])));
    return all;
  }

  /**
   * How many items the table of events has under these streams; other suites may write to other streams at the same
   * time.
   */
  async countOf(streams: ReadonlySet<string>): Promise<number> {
    let items = 0;
    const pages = paginateScan(
      { client: this.dynamoDb },
      { TableName: `${NAME}-events`, ProjectionExpression: 'pk', ConsistentRead: true },
    );
    for await (const { Items = [] } of pages) items += Items.filter(({ pk }) => streams.has(pk?.S ?? '')).length;
    return items;
  }

  /** The sums under each key of one partition of one of the app's tables. */
  async sums(table: string, partition: string): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
    const all = new Map<string, Record<string, number>>();
    const pages = paginateQuery(
      { client: this.dynamoDb },
      {
        TableName: `${NAME}-${table}`,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: partition } },
      },
    );
    for await (const { Items = [] } of pages)
      for (const { pk: _pk, sk, ...sums } of Items)
        all.set(sk?.S ?? '', Object.fromEntries(Object.entries(sums).map(([name, { N }]) => [name, Number(N)])));
    return all;
  }
}

/** The events that a test receives from a bus. */
export interface Listener {
  /** All events so far, in order of arrival. */
  heard(): Promise<readonly BusMessage[]>;
  close(): Promise<void>;
}

/** Every Region of the app that is deployed to a LocalStack. */
export function deployedRegions(endpoint: string): readonly DeployedRegion[] {
  return REGIONS.map((name) => new DeployedRegion(endpoint, name));
}

/** The Region of that name. */
export function regionNamed(regions: readonly DeployedRegion[], name: string): DeployedRegion {
  const found = regions.find((region) => region.name === name);
  if (!found) throw new Error(`There is no Region ${name}.`);
  return found;
}
