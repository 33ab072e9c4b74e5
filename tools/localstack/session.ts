import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, deploy, type RegionUrl, synthesize } from './deploy.ts';
import { type Engine, installEngine, startEngine } from './engine.ts';

/** A LocalStack with Meridian deployed to three Regions of it. */
export interface Deployed extends Engine {
  readonly urls: readonly RegionUrl[];
}

/**
 * Starts LocalStack and deploys the app to it; prints each part when it begins and how long it took.
 * @param signal stops all that was begun
 * @throws Error when a part fails or the signal comes; then nothing of it is left
 */
export async function startDeployed(signal: AbortSignal): Promise<Deployed> {
  const assembly = mkdtempSync(join(tmpdir(), 'meridian-cdk-'));
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  // The app is synthesized while LocalStack is on its way; its error is thrown where it is waited for.
  const synthesis = timed('Synthesize', () => synthesize(assembly, stop));
  synthesis.catch(() => undefined);
  let engine: Engine | undefined;
  try {
    process.stdout.write('The first run downloads LocalStack, some 300 MB, which takes some minutes.\n');
    await timed('Install LocalStack', installEngine);
    engine = await timed('Start LocalStack', startEngine);
    const { endpoint } = engine;
    await timed('Bootstrap', () => bootstrap(endpoint, stop));
    await synthesis;
    const urls = await timed('Deploy', () => deploy(endpoint, assembly, stop));
    return { ...engine, urls };
  } catch (error) {
    failed.abort();
    await engine?.stop();
    throw error;
  } finally {
    await synthesis.catch(() => undefined);
    rmSync(assembly, { recursive: true, force: true });
  }
}

/** Does something; prints that it begins, and at its end how long it took. */
export async function timed<T>(what: string, act: () => Promise<T>): Promise<T> {
  process.stdout.write(`${what} …\n`);
  const begin = performance.now();
  const result = await act();
  process.stdout.write(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
  return result;
}

/** Comes with Ctrl-C, or when the process is told to end. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}
