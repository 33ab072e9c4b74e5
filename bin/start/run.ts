import { randomInt } from 'node:crypto';
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseStreamRef } from '../../core/facts/stream-ref.ts';
import { type Commit, DefinitionError, type Domain } from '../../core/index.ts';
import { DomainFileError } from '../../project/domain-file.ts';
import { filesOfStreams, recordLoadedFiles } from '../../project/loaded-files.ts';
import type { Project } from '../../project/project.ts';
import { readProject } from '../../project/read-project.ts';
import { SubscribersFileError } from '../../project/subscribers-file.ts';
import { unusableSamples } from '../../schemas/samples.ts';
import { SubscriberFileError, serveWorld, World } from '../../world/index.ts';
import { sayJson, sayNote, sayText } from '../output.ts';
import { type Agreement, compareRegions } from './agreement.ts';
import { projectErrorLog } from './error-log.ts';
import { EXIT } from './exit.ts';
import {
  agreementText,
  invitationText,
  missingText,
  type RegionsFrom,
  unreadableText,
  unusableText,
} from './report.ts';
import { type NoSample, samplesOf, writeSamples } from './samples.ts';
import { OtherRegionsError, State, StateError } from './state.ts';
import { reportToSupervisor } from './supervise.ts';
import { type UnreadableEvent, unreadableEvents } from './unreadable.ts';
import { stampOf } from './watch.ts';

export interface StartOptions {
  readonly regions: readonly string[];
  readonly regionsFrom: RegionsFrom;
  readonly port: number;
  readonly latency: boolean;
  readonly fresh?: boolean;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** Errors in the project's own files. */
const PROJECT_ERRORS = [DomainFileError, SubscribersFileError, SubscriberFileError, DefinitionError];

/** True if the parent process restarts this one when a file is saved. */
const isSupervised = process.connected;

/** The maximum number of streams compared: those written last. */
const MOST_COMPARED = 200;

/** Milliseconds within which the Regions have to agree. */
const AGREEMENT_MS = 30_000;

/**
 * The longest wait for the world to be idle, in milliseconds; one millisecond per restored commit is added. The wait is
 * limited because an event that cannot be read is retried for minutes.
 */
const SETTLE_MS = 3000;

const POLL_MS = 100;

/** Lines of an error's stack. Node's default of 10 would hide the project's lines if a library throws a few calls deeper. */
const STACK_LINES = 50;

/**
 * Runs a project's domain in several Regions in this process, writes a sample event for each stream type that has no
 * stream yet, shows whether the Regions agree, and serves their APIs. With `once` the process ends instead: with exit
 * code 0 if they agree on everything, otherwise 1.
 */
export async function runProject(project: Project, options: StartOptions): Promise<void> {
  const { regions, regionsFrom, latency, port, fresh = false, once = false, json = false } = options;
  Error.stackTraceLimit = STACK_LINES;
  const loaded = recordLoadedFiles(project.folder, (file) => reportToSupervisor({ file, stamp: stampOf(file) }));
  const begun = performance.now();
  try {
    // The state is opened before the domain is read, so that `--fresh` deletes it even if the domain cannot be read.
    const state = State.open(project.folder, { regions, fresh });
    const pid = isSupervised ? process.ppid : process.pid;
    state.process = { pid };
    reportToSupervisor({ opened: true });
    const { domain, subscribers } = await readProject(project);
    const files = await keepFiles(state, project, await filesOfStreams(domain, loaded()));
    const world = new World({
      ...{ domain, subscribers, regions, latency, storage: state },
      // With a fixed seed, generated ids would repeat those of an earlier process.
      seed: randomInt(2 ** 31),
      telemetry: { log: projectErrorLog(project.folder), middlewares: [] },
    });
    await world.ready;
    const server = once ? undefined : await serveWorld(world, port).catch(cannotRun);
    const shown = await showWorld(world, domain);
    const seconds = Number(((performance.now() - begun) / 1000).toFixed(1));
    if (json) sayJson(jsonOf(shown, { regions, seconds }));
    else sayText(textOf(shown, { project, domain, regions, files, seconds }));
    if (once) process.exit(shown.agreement.agree && shown.unreadable.length === 0 ? 0 : EXIT.failed);
    const address = server?.address();
    if (!address || typeof address !== 'object') return;
    reportToSupervisor({ port: address.port });
    state.process = { pid, port: address.port };
    if (!json)
      sayText(
        invitationText(`http://127.0.0.1:${address.port}`, {
          ...{ regions, regionsFrom, domain },
          streams: shown.agreement.streams,
        }),
      );
  } catch (error) {
    if (PROJECT_ERRORS.some((kind) => error instanceof kind) && error instanceof Error)
      return end(error.message, EXIT.failed);
    if (error instanceof OtherRegionsError && regionsFrom !== '--regions') return end(error.message, EXIT.failed);
    if (error instanceof StateError) return cannotRun(error);
    throw error;
  }
}

function end(message: string, code: number): never {
  sayNote(message);
  process.exit(code);
}

/** Ends the process: a change in the project's files would not help. */
function cannotRun(error: Error): never {
  return end(error.message, isSupervised ? EXIT.cannotRun : EXIT.failed);
}

/**
 * Records the file that defines each stream type. Files recorded by earlier starts are kept, because a type may be
 * removed while its events are still stored.
 */
async function keepFiles(
  state: State,
  { folder }: Project,
  found: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const here = Object.fromEntries(Object.entries(found).map(([type, file]) => [type, relative(folder, file)]));
  const files = { ...state.files, ...here };
  state.files = files;
  return files;
}

interface Shown {
  readonly agreement: Agreement;
  /** The number of streams, including those that were not compared. */
  readonly streams: number;
  readonly unreadable: readonly UnreadableEvent[];
  readonly missing: readonly NoSample[];
  /** The samples that cannot be used, a line each. */
  readonly unusable: readonly string[];
}

async function showWorld(world: World, domain: Domain): Promise<Shown> {
  const restored = await allCommits(world);
  const unreadable = unreadableEvents(domain, restored);
  const kept = new Set(restored.map(({ stream }) => parseStreamRef(stream).type));
  const { samples, missing } = samplesOf(domain, [...world.regions.keys()]);
  await writeSamples(
    world,
    samples.filter(({ stream }) => !kept.has(parseStreamRef(stream).type)),
  );
  await Promise.race([world.whenIdle(), sleep(SETTLE_MS + restored.length)]);
  const unreadableStreams = new Set(unreadable.map(({ stream }) => stream));
  const newest = [...(await allCommits(world))].sort((a, b) => (a.hlc < b.hlc ? 1 : -1));
  const streams = [...new Set(newest.map(({ stream }) => stream))];
  const asked = {
    streams: streams.filter((stream) => !unreadableStreams.has(stream)).slice(0, MOST_COMPARED),
    views: [...domain.views.keys()],
  };
  const deadline = performance.now() + AGREEMENT_MS;
  let agreement = await compareRegions(world, asked);
  while (!agreement.agree && performance.now() < deadline) {
    await sleep(POLL_MS);
    agreement = await compareRegions(world, asked);
  }
  return {
    agreement,
    streams: streams.length,
    unreadable,
    missing: missing.filter(({ type }) => !kept.has(type)),
    unusable: unusableSamples(domain),
  };
}

/** Every commit that any Region holds, once; where possible the copy of the Region that wrote it. */
async function allCommits(world: World): Promise<readonly Commit[]> {
  const commits = new Map<string, Commit>();
  for (const [name, region] of world.regions)
    for (const commit of await region.commits()) {
      const dot = `${commit.stream}@${commit.log}.${commit.position}`;
      if (!commits.has(dot) || commit.region === name) commits.set(dot, commit);
    }
  return [...commits.values()];
}

function jsonOf(
  { agreement: { agree, streams, views }, unreadable, missing, unusable }: Shown,
  more: { readonly regions: readonly string[]; readonly seconds: number },
): object {
  return { ...more, agree, streams, views, unreadable, withoutSample: missing, unusableSamples: unusable };
}

function textOf(
  { agreement, streams, unreadable, missing, unusable }: Shown,
  about: {
    readonly project: Project;
    readonly domain: Domain;
    readonly regions: readonly string[];
    readonly files: Readonly<Record<string, string>>;
    readonly seconds: number;
  },
): string {
  return [
    agreementText(agreement, { ...about, total: streams }),
    ...(missing.length > 0 ? [missingText(missing)] : []),
    ...(unusable.length > 0 ? [unusableText(unusable)] : []),
    ...(unreadable.length > 0 ? [unreadableText(unreadable, about.files)] : []),
  ].join('\n');
}
