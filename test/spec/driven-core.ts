import * as z from 'zod';
import type { Commit } from '../../core/facts/commit.ts';
import { attemptIdOf, type Decision, stateIn } from '../../core/facts/decision.ts';
import type { Operation } from '../../core/facts/operation.ts';
import { parseAttemptId } from '../../core/facts/transaction.ts';
import { participateStep } from '../../core/index.ts';
import { coordinateStep } from '../../core/transaction/coordinate.ts';
import { runInOneRegion } from '../../core/transaction/one-region.ts';
import { prepareIntent } from '../../core/transaction/prepare.ts';
import { resolveMessages } from '../../core/transaction/resolver.ts';
import { waitForTurn } from '../../core/transaction/turn.ts';
import type { Answer } from '../../core/wire/coordinator.ts';
import { encodeResolverMessage } from '../../core/wire/resolver.ts';
import { appendToStream } from '../../core/write/append.ts';
import { busyProblem, Watch } from '../../core/write/intents.ts';
import type { AppendPorts } from '../../core/write/writer.ts';
import { command } from '../core/a-region.ts';
import { aProblem, aWorld, type Region } from '../core/transaction/regions.ts';
import { type ModelStep, sorted } from './traces.ts';

// The shipped core on memory adapters, driven by the steps of a trace of `spec/transaction.qnt`: each step is one call.

/** The names of the model's streams. */
const STREAMS: Readonly<Record<string, string>> = { a: 'account/us.1', b: 'account/us.2', c: 'account/eu.1' };
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'us:1': ['a', 'c'],
  'eu:2': ['a', 'c'],
  'us:3': ['a', 'b'],
};
/** The order in which the transactions began, and their deadlines pass. */
const AGES: Readonly<Record<string, number>> = { 'us:1': 1, 'eu:2': 2, 'us:3': 3 };
const TIMEOUT_MS = 100_000;
/** Between the beginnings of two transactions. */
const AGE_MS = 10_000;
/** A participant that has no more time than this does not wait for a stream that is held. */
const NO_PATIENCE_MS = 1_000;

/** What one step draws in the model. */
const picksSchema = z.object({
  tx: z.string().default('us:1'),
  n: z.number().default(1),
  s: z.string().default('a'),
  silent: z.array(z.string()).default([]),
  kind: z.string().default('prepared'),
  asks: z.boolean().default(false),
  id: z.string().default(''),
  short: z.string().default(''),
  region: z.string().default(''),
});
type Picks = z.output<typeof picksSchema>;

export interface DrivenCore {
  /** Makes the call of one step of the model. */
  step(step: ModelStep): Promise<void>;
  /** What the tables hold now and which answers were given, as the model writes it. */
  state(): Promise<unknown>;
}

interface Given {
  readonly tx: string;
  readonly n: number;
  readonly stream: string;
  readonly answer: Answer;
}

export function drivenCore(strong: boolean): DrivenCore {
  return new Driven(strong);
}

class Driven implements DrivenCore {
  readonly #world;
  readonly #begin: number;
  readonly #answers: Given[] = [];
  #expired = 0;
  #steps = 0;
  /** Processes of each Region: calls go to them in turn, so that copies in memory become stale. */
  readonly #processes = new Map<string, readonly Region[]>();

  constructor(strong: boolean) {
    this.#world = aWorld({ strong, drives: false });
    const { us, eu } = this.#world;
    this.#begin = us.runtime.now();
    for (const region of [us, eu]) {
      stopWallClock(region);
      this.#processes.set(region.region, [region, { ...region, warm: new Map() }]);
    }
  }

  async step({ action, picks }: ModelStep): Promise<void> {
    this.#steps++;
    const drawn = picksSchema.parse(picks);
    switch (action) {
      case 'prepare':
        return this.#prepare(drawn);
      case 'decide':
        return void (await this.#decide(drawn));
      case 'finish':
        return this.#finish(drawn);
      case 'resolve':
        return this.#resolve(drawn);
      case 'resolveAttempt':
        return this.#resolveAttempt(drawn);
      case 'end':
        return this.#end(drawn);
      case 'turn':
        return this.#turn(drawn);
      case 'appendTo':
        return this.#append(drawn);
      case 'shortCut':
        return this.#shortCut(drawn);
      case 'arrive':
        return this.#arrive(drawn);
      case 'expire':
        return this.#expire();
      default:
        throw new Error(`There is no call for ${action}.`);
    }
  }

  async state(): Promise<unknown> {
    const streams = await Promise.all(Object.keys(STREAMS).map(async (s) => [s, (await this.#log(s)).map(itemOf)]));
    const { us, eu } = this.#world;
    const decisions = await Promise.all(
      [us, eu].map(async (region) => [region.region, await this.#decisionsOf(region)]),
    );
    return {
      items: Object.fromEntries(streams),
      decisions: Object.fromEntries(decisions),
      answers: sorted(uniqueAnswers(this.#answers)),
      expired: this.#expired,
    };
  }

  async #prepare({ tx, n, s, asks }: Picks): Promise<void> {
    const attemptId = attemptIdOf({ transaction: tx, attempt: n });
    const log = await this.#log(s);
    const own = log.find(({ commitId }) => commitId === attemptId);
    const isHeld = log.at(-1)?.tx?.state === 'prepared' && !own;
    const remaining = this.#deadlineOf(tx) - this.#world.us.runtime.now();
    const answer = await prepareIntent(this.#homeOf(s, asks), {
      ...{ transaction: tx, attempt: n, fingerprint: requestOf(tx), meta: {} },
      participant: { stream: streamOf(s), ...(isCheck(tx, s) ? {} : { operation: deposit() }) },
      ...{ remaining: isHeld ? Math.min(remaining, NO_PATIENCE_MS) : remaining, timeout: TIMEOUT_MS },
      began: this.#deadlineOf(tx) - TIMEOUT_MS,
    });
    const decision = own && (await this.#region(driverOf(tx)).decisions.find(tx, n));
    const isAborted = own && decision && stateIn(decision, own) === 'aborted';
    // Whether a process answers from a stale copy is its matter: the machine may get either answer.
    const possible = own && (isAborted || remaining <= 0) ? [preparedAs(own), tooLate(s)] : [answer];
    if (possible.every(({ kind }) => kind !== answer.kind)) throw new Error(`A prepare returned ${answer.kind}.`);
    this.#answers.push(...possible.map((each) => ({ tx, n, stream: s, answer: each })));
  }

  /**
   * A process in the home of a stream. One that has loaded nothing yet asks where an attempt is decided; one without links
   * to other Regions cannot.
   */
  #homeOf(s: string, asks: boolean): AppendPorts {
    const { participants, ...home } = this.#process(regionOf(s));
    return asks ? { ...home, participants, warm: new Map() } : home;
  }

  #decide({ tx, n, silent, kind }: Picks) {
    const answers = partsOf(tx).map((s): Answer => {
      const given = this.#answers.filter((each) => each.tx === tx && each.n === n && each.stream === s);
      const found = [kind, 'prepared', 'busy', 'refused']
        .map((liked) => given.find(({ answer }) => answer.kind === liked))
        .find((each) => each !== undefined);
      return found && !silent.includes(s) ? found.answer : { kind: 'unreachable', stream: streamOf(s) };
    });
    return this.#decideOn(tx, n, answers);
  }

  async #decideOn(tx: string, n: number, answers: readonly Answer[]) {
    const decided = await coordinateStep(this.#process(driverOf(tx)), {
      ...{ step: 'decide', transaction: tx, attempt: n, fingerprint: requestOf(tx), answers },
      ...{ deadline: this.#deadlineOf(tx), timeout: TIMEOUT_MS },
    });
    if (!('intents' in decided)) throw new Error('This is no result of an attempt.');
    return decided.intents;
  }

  /** Repeats the step that decides, which states the final state of each intent. */
  async #finish({ s }: Picks): Promise<void> {
    const holder = await this.#holder(s);
    const { transaction: tx, attempt: n } = parseAttemptId(holder.commitId);
    const intents = await this.#decideOn(tx, n, [preparedAs(holder)]);
    const intent = intents.find(({ stream, position }) => stream === holder.stream && position === holder.position);
    await participateStep(this.#process(driverOf(tx)), { step: 'finalise', intent });
  }

  async #resolve({ s }: Picks): Promise<void> {
    const { log, position, commitId: attemptId, stream } = await this.#holder(s);
    const message = encodeResolverMessage({ kind: 'intent', stream, log, position, attemptId });
    await resolveMessages(this.#process(regionOf(s)), [message]);
  }

  async #resolveAttempt({ tx, n }: Picks): Promise<void> {
    const message = { kind: 'attempt', transaction: tx, attempt: n + 1, fingerprint: requestOf(tx) } as const;
    await resolveMessages(this.#process(driverOf(tx)), [encodeResolverMessage(message)]);
  }

  /** What a waiter in another Region sends to the one that decides. */
  async #end({ s }: Picks): Promise<void> {
    const { commitId: attemptId } = await this.#holder(s);
    const { transaction: tx } = parseAttemptId(attemptId);
    const fingerprint = requestOf(tx);
    const remaining = this.#deadlineOf(tx) - this.#world.us.runtime.now();
    const reason = { stream: streamOf(s), problem: busyProblem(streamOf(s)) };
    const end = { fingerprint, reason, remaining, began: this.#deadlineOf(tx) - TIMEOUT_MS, timeout: TIMEOUT_MS };
    const now = remaining > 0 ? { end } : { abort: { fingerprint } };
    await participateStep(this.#process(driverOf(tx)), { step: 'decision', attemptId, ...now });
  }

  async #turn({ tx: transaction, n: attempt, s, asks }: Picks): Promise<void> {
    // It looks once.
    const remaining = NO_PATIENCE_MS + 1;
    const began = this.#deadlineOf(transaction) - TIMEOUT_MS;
    await waitForTurn(this.#homeOf(s, asks), { transaction, stream: streamOf(s), attempt, remaining, began });
  }

  async #append({ id, s }: Picks): Promise<void> {
    // A process that has not waited at the stream before.
    const process = { ...this.#process(regionOf(s)), warm: new Map() };
    await appendToStream(process, { stream: streamOf(s), commitId: id, isNew: true, operation: deposit(), meta: {} });
  }

  async #shortCut({ short: id }: Picks): Promise<void> {
    const participants = partsOf(id).map((s) => ({ stream: streamOf(s), operation: deposit() }));
    const transaction = { id, participants, fingerprint: requestOf(id), timeout: TIMEOUT_MS, meta: {} };
    await runInOneRegion(this.#process(driverOf(id)), transaction);
  }

  async #arrive({ region, tx, n }: Picks): Promise<void> {
    const decision = await this.#region(driverOf(tx)).decisions.find(tx, n);
    if (!decision) throw new Error(`There is no decision on ${tx}#${n}.`);
    this.#region(region).decisions.replicate(decision);
  }

  #expire(): void {
    this.#expired++;
    const { us, eu } = this.#world;
    const past = this.#begin + this.#expired * AGE_MS + TIMEOUT_MS + 1;
    for (const { runtime } of [us, eu]) runtime.advance(past - runtime.now());
  }

  #deadlineOf(tx: string): number {
    return this.#begin + (AGES[tx] ?? 0) * AGE_MS + TIMEOUT_MS;
  }

  #region(name: string): Region {
    return name === 'us' ? this.#world.us : this.#world.eu;
  }

  #process(name: string): Region {
    const processes = this.#processes.get(name) ?? [];
    const process = processes[this.#steps % processes.length];
    if (!process) throw new Error(`There is no Region ${name}.`);
    startWait(process);
    return process;
  }

  #log(s: string): Promise<readonly Commit[]> {
    return this.#region(regionOf(s)).table.load(streamOf(s));
  }

  async #holder(s: string): Promise<Commit> {
    const last = (await this.#log(s)).at(-1);
    if (!last) throw new Error(`Nothing holds ${s}.`);
    return last;
  }

  async #decisionsOf(region: Region): Promise<unknown> {
    const found = await Promise.all(
      Object.keys(PARTS).map(async (tx) => {
        const short = await region.table.findDecision(tx);
        return [...(short ? [short] : []), ...(await region.decisions.attempts(tx))];
      }),
    );
    return Object.fromEntries(found.flat().map((decision) => [attemptIdOf(decision), listedOf(decision)]));
  }
}

/** Time passes while a call waits, by its monotonic clock. Deadlines pass only when the model says so. */
function stopWallClock({ runtime }: Region): void {
  const { sleep } = runtime;
  runtime.sleep = async (milliseconds) => {
    await sleep(milliseconds);
    runtime.advance(-milliseconds);
  };
}

/** The waits of earlier calls do not count: none of them is longer than what a writer needs to end an attempt. */
function startWait({ warm, runtime }: Region): void {
  for (const [stream, copy] of warm) warm.set(stream, { ...copy, watch: new Watch(runtime) });
}

function preparedAs({ stream, region, log, position }: Commit): Answer {
  return { kind: 'prepared', stream, region, log, position, version: { [log]: position } };
}

function tooLate(s: string): Answer {
  return { kind: 'refused', stream: streamOf(s), problem: aProblem };
}

function itemOf({ commitId, tx: intent }: Commit): unknown {
  const { transaction, attempt } = commitId.includes('#')
    ? parseAttemptId(commitId)
    : { transaction: commitId, attempt: 0 };
  return { tx: transaction, n: attempt, state: intent?.state ?? 'committed', next: intent?.next?.transaction ?? '' };
}

function listedOf({ state, final, participants }: Decision): unknown {
  const nameOf = (stream: string) => Object.keys(STREAMS).find((s) => STREAMS[s] === stream);
  return {
    state,
    final,
    listed: Object.fromEntries(participants.map(({ stream, position }) => [nameOf(stream), position])),
  };
}

function uniqueAnswers(given: readonly Given[]): readonly unknown[] {
  const all = given.map(({ tx, n, stream, answer }) => {
    const position = answer.kind === 'prepared' ? answer.position : 0;
    return { tx, n, stream, kind: answer.kind, position };
  });
  return [...new Map(all.map((answer) => [JSON.stringify(answer), answer])).values()];
}

/** Transaction eu:2 only checks one of its streams. */
function isCheck(tx: string, s: string): boolean {
  return tx === 'eu:2' && s === 'a';
}

function deposit(): Operation {
  return command('deposit', { amount: 1 });
}

function requestOf(tx: string): string {
  return `digest of ${tx}`;
}

function driverOf(tx: string): string {
  return tx.slice(0, 2);
}

function partsOf(tx: string): readonly string[] {
  return PARTS[tx] ?? [];
}

function streamOf(s: string): string {
  return STREAMS[s] ?? s;
}

/** The home of a stream, whose log has the same name. */
function regionOf(s: string): string {
  return s === 'c' ? 'eu' : 'us';
}
