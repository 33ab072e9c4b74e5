import type { Context } from 'aws-lambda';
import type { Activity } from '../time/activity.ts';
import { type Scheduler, withTimeout } from '../time/scheduler.ts';

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
}

/** The error of an invocation that found all instances busy; its name is that of the state machine's error. */
export class ThrottledInvocation extends Error {
  override readonly name = 'Lambda.TooManyRequestsException';
}

/** One process of a function. */
interface Instance<Event, Result> {
  readonly handle: Handler<Event, Result>;
  /** Whether the process has exited. */
  exited: boolean;
  /** Fails the current invocation. */
  fail: () => void;
}

/** The instances of one Lambda function in one Region. */
export class FunctionPool<Event, Result> {
  readonly #options: FunctionOptions;
  readonly #make: (exit: () => void) => Handler<Event, Result>;
  readonly #scheduler: Scheduler;
  readonly #activity: Activity;
  readonly #idle: Instance<Event, Result>[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #invocations = 0;

  /** @param make creates a new instance: a cold start. `exit` ends its process, like a crash */
  constructor(
    options: FunctionOptions,
    scheduler: Scheduler,
    activity: Activity,
    make: (exit: () => void) => Handler<Event, Result>,
  ) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#activity = activity;
    this.#make = make;
  }

  /** True if an invocation would start at once. */
  get isFree(): boolean {
    return this.#busy < this.#options.concurrency;
  }

  /**
   * Invokes the function as soon as an instance is free. An instance that threw or timed out is not reused.
   * @throws what the handler throws; Error if it timed out, or its process exited; ThrottledInvocation
   */
  async invoke(event: Event): Promise<Result> {
    if (this.#options.throttles && !this.isFree) throw new ThrottledInvocation(`${this.#options.name}: Rate Exceeded.`);
    this.#activity.begin();
    try {
      while (!this.isFree) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#busy++;
      const instance = this.#idle.pop() ?? this.#start();
      const { name, timeout } = this.#options;
      const late = `${name} timed out after ${timeout} ms.`;
      const result = await withTimeout(this.#scheduler, timeout, late, this.#run(instance, event));
      this.#idle.push(instance);
      return result;
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
      this.#activity.end();
    }
  }

  #start(): Instance<Event, Result> {
    const exit = () => {
      instance.exited = true;
      instance.fail();
    };
    const instance: Instance<Event, Result> = { handle: this.#make(exit), exited: false, fail: () => undefined };
    return instance;
  }

  /**
   * Each invocation gets a promise of its own: a single one per process would keep the results of all invocations in
   * memory.
   */
  #run(instance: Instance<Event, Result>, event: Event): Promise<Result> {
    return new Promise((resolve, reject) => {
      instance.fail = () => reject(new Error(`${this.#options.name}: the process exited.`));
      if (instance.exited) instance.fail();
      else instance.handle(event, this.#context()).then(resolve, reject);
    });
  }

  #context(): Context {
    const { name, region, timeout, memoryMb } = this.#options;
    const end = this.#scheduler.now() + timeout;
    return {
      awsRequestId: `${name}-${++this.#invocations}`,
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: `arn:aws:lambda:${region}:000000000000:function:${name}`,
      memoryLimitInMB: String(memoryMb),
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: 'world',
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => end - this.#scheduler.now(),
      done: () => undefined,
      fail: () => undefined,
      succeed: () => undefined,
    };
  }
}
