import type { Context } from 'aws-lambda';
import type { Clockwork } from '../time/clockwork.ts';
import { withTimeout } from '../time/scheduler.ts';
import { Process } from './process.ts';

export type Handler<Event, Result> = (event: Event, context: Context) => Promise<Result>;

export interface FunctionOptions {
  readonly name: string;
  readonly region: string;
  /** Maximum number of instances; each handles one invocation at a time and has its own warm memory. */
  readonly concurrency: number;
  /** Whether an invocation fails if all instances are busy, as in Lambda. @default false: it waits for one */
  readonly throttles?: boolean | undefined;
  /** Milliseconds after which an invocation without a result is ended, together with its instance. */
  readonly timeout: number;
  readonly memoryMb: number;
  /** The wall clock, by which Lambda's own runtime computes how much time remains. @default the world's time */
  readonly now?: (() => number) | undefined;
}

/** The error of an invocation that found all instances busy; its name is that of the state machine's error. */
export class ThrottledInvocation extends Error {
  override readonly name = 'Lambda.TooManyRequestsException';
}

/** Creates the handler of a new instance: a cold start. */
export type Make<Event, Result> = (process: Process) => Handler<Event, Result>;

/** One instance of a function, with its warm memory. */
interface Instance<Event, Result> {
  readonly process: Process;
  readonly handle: Handler<Event, Result>;
  /** Fails the current invocation. */
  fail: () => void;
  /** When an instance of earlier code ends. */
  retiresAt: number;
}

/** Milliseconds within which the instances of earlier code end, one by one. */
const ROLLOUT_MS = 60_000;

/** The instances of one Lambda function in one Region. */
export class FunctionPool<Event, Result> {
  readonly #options: FunctionOptions;
  readonly #make: Make<Event, Result>;
  readonly #clockwork: Pick<Clockwork, 'scheduler' | 'activity' | 'weather'>;
  #idle: Instance<Event, Result>[] = [];
  readonly #running = new Set<Instance<Event, Result>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #invocations = 0;
  #rolloutEnds = 0;

  constructor(
    options: FunctionOptions,
    clockwork: Pick<Clockwork, 'scheduler' | 'activity' | 'weather'>,
    make: Make<Event, Result>,
  ) {
    this.#options = options;
    this.#clockwork = clockwork;
    this.#make = make;
  }

  /** True if an invocation would start at once. */
  get isFree(): boolean {
    return this.#busy < this.#options.concurrency;
  }

  /**
   * Invokes the function as soon as an instance is free. An instance that threw or timed out is not reused.
   * @throws what the handler throws; Error if it timed out, or its process ended; ThrottledInvocation
   */
  async invoke(event: Event): Promise<Result> {
    const { name, region, timeout, throttles } = this.#options;
    const { scheduler, activity, weather } = this.#clockwork;
    if ((throttles && !this.isFree) || weather.happens('lambda.throttled', region))
      throw new ThrottledInvocation(`${name}: Rate Exceeded.`);
    activity.begin();
    try {
      while (!this.isFree) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#busy++;
      const instance = this.#take();
      const late = `${name} timed out after ${timeout} ms.`;
      this.#running.add(instance);
      try {
        return await withTimeout(scheduler, timeout, late, this.#run(instance, event));
      } catch (error) {
        instance.process.end();
        throw error;
      } finally {
        this.#running.delete(instance);
        if (!instance.process.hasEnded && instance.retiresAt > scheduler.now()) this.#idle.push(instance);
      }
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
      activity.end();
    }
  }

  /** Ends all instances: running invocations fail, and the next ones start cold. */
  restart(): void {
    for (const { process } of this.#idle) process.end();
    this.#idle = [];
    for (const { process } of this.#running) process.exit();
  }

  /** Lets go on what earlier invocations left running, as the next invocation of each instance would. */
  thaw(): void {
    for (const { process } of this.#idle) process.thaw();
  }

  /**
   * New instances are made of new code. The others end one by one within {@link ROLLOUT_MS}; until then chance decides which code
   * an invocation gets.
   */
  rollOut(): void {
    const { scheduler, weather } = this.#clockwork;
    this.#rolloutEnds = scheduler.now() + ROLLOUT_MS;
    for (const instance of [...this.#idle, ...this.#running])
      instance.retiresAt = Math.min(instance.retiresAt, scheduler.now() + weather.between(0, ROLLOUT_MS));
  }

  /** An idle instance: the last one used, unless chance decides otherwise; or a new one. */
  #take(): Instance<Event, Result> {
    const { region } = this.#options;
    const { weather } = this.#clockwork;
    if (this.#rolloutEnds > 0) return this.#takeAny();
    const last = this.#idle.length - 1;
    const at = last > 0 && weather.happens('lambda.any-instance', region) ? weather.between(0, last) : last;
    const [instance] = at < 0 ? [] : this.#idle.splice(at, 1);
    return instance ?? this.#start();
  }

  /** During a rollout: any idle instance, or a new one if none that is idle has the new code. */
  #takeAny(): Instance<Event, Result> {
    const { scheduler, weather } = this.#clockwork;
    const now = scheduler.now();
    this.#idle = this.#idle.filter(({ retiresAt }) => retiresAt > now);
    if (now >= this.#rolloutEnds) this.#rolloutEnds = 0;
    const hasNew = this.#idle.some(({ retiresAt }) => retiresAt === Number.POSITIVE_INFINITY);
    const choices = this.#idle.length + (hasNew ? 0 : 1);
    const [instance] = this.#idle.splice(weather.between(0, choices - 1), 1);
    return instance ?? this.#start();
  }

  #start(): Instance<Event, Result> {
    const process = new Process(
      () => this.#clockwork.scheduler.now(),
      () => instance.fail(),
    );
    const instance: Instance<Event, Result> = {
      process,
      handle: this.#make(process),
      fail: () => undefined,
      retiresAt: Number.POSITIVE_INFINITY,
    };
    return instance;
  }

  /**
   * Each invocation gets a promise of its own: a single one per process would keep the results of all invocations in
   * memory.
   */
  #run(instance: Instance<Event, Result>, event: Event): Promise<Result> {
    const { process } = instance;
    return new Promise((resolve, reject) => {
      instance.fail = () => reject(new Error(`${this.#options.name}: the process ended.`));
      process.thaw();
      if (process.hasEnded) instance.fail();
      else
        instance.handle(event, this.#context()).then((result) => {
          process.freeze();
          resolve(result);
        }, reject);
    });
  }

  #context(): Context {
    const { name, region, timeout, memoryMb, now = () => this.#clockwork.scheduler.now() } = this.#options;
    const end = now() + timeout;
    return {
      awsRequestId: `${name}-${++this.#invocations}`,
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: `arn:aws:lambda:${region}:000000000000:function:${name}`,
      memoryLimitInMB: String(memoryMb),
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: 'world',
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => end - now(),
      done: () => undefined,
      fail: () => undefined,
      succeed: () => undefined,
    };
  }
}
