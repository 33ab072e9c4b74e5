import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needPackages } from '../../project/package-bin.ts';
import { type AppSource, bootstrap, CDK_PACKAGES, deploy, type RegionUrl, stacksIn, synthesize } from './deploy.ts';
import { type Engine, installEngine, startEngine } from './engine.ts';

/** A LocalStack with a project deployed to its Regions. */
export interface Deployed extends Engine {
  readonly urls: readonly RegionUrl[];
}

interface SessionOptions extends AppSource {
  /** Stops everything that was started. */
  readonly signal: AbortSignal;
  /** Receives a line when a step starts, and when it is done. */
  readonly say: (line: string) => void;
}

/**
 * Starts LocalStack and deploys a project's app to it.
 * @throws Error when a step fails or the signal is aborted; everything that was started is then stopped.
 * MissingPackagesError when the project does not have a package that this needs
 */
export async function startDeployed({ signal, say, ...app }: SessionOptions): Promise<Deployed> {
  const { folder } = app;
  needPackages(folder, CDK_PACKAGES);
  const assembly = mkdtempSync(join(tmpdir(), 'meridian-cdk-'));
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  // The app is synthesized while LocalStack starts; its error is thrown where it is awaited.
  const synthesis = timed(say, 'Synthesize', () => synthesize(app, assembly, stop));
  synthesis.catch(() => undefined);
  let engine: Engine | undefined;
  try {
    say('The first run downloads LocalStack, about 300 MB, which takes some minutes.');
    await timed(say, 'Install LocalStack', () => installEngine(folder));
    engine = await timed(say, 'Start LocalStack', () => startEngine(folder));
    const { endpoint } = engine;
    await synthesis;
    const regions = [...new Set(stacksIn(assembly).map(({ region }) => region))];
    await timed(say, 'Bootstrap', () => bootstrap(endpoint, { folder, regions }, stop));
    const urls = await timed(say, 'Deploy', () => deploy(endpoint, { folder, assembly }, stop));
    return { ...engine, urls };
  } catch (error) {
    failed.abort();
    await engine?.stop();
    throw error;
  } finally {
    await synthesis.catch(() => undefined);
    // A process that was stopped may still be writing to the folder.
    rmSync(assembly, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Runs a step; reports its start, and at its end how long it took. */
export async function timed<T>(say: (line: string) => void, what: string, act: () => Promise<T>): Promise<T> {
  say(`${what} …`);
  const begin = performance.now();
  const result = await act();
  say(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return result;
}

/** Aborted by Ctrl-C, or when the process is terminated. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}
