import * as z from 'zod';
import { type MachineInput, MeridianError, machineInputSchema, type StateMachine } from '../../core/index.ts';
import { EXPRESS_MACHINE_MS, MACHINE_STATE_BYTES } from '../../core/limits/aws.ts';
import { MACHINE_FIRST_PAUSE_S, MACHINE_GRACE_S, MACHINE_TRIES } from '../../core/limits/budgets.ts';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import type { Activity } from '../time/activity.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { type Scheduler, sleepOn, withTimeout } from '../time/scheduler.ts';
import { ThrottledInvocation } from './function-pool.ts';

type Task = (input: unknown) => Promise<unknown>;

export interface MachineFunctions {
  readonly coordinate: Task;
  readonly participant: Task;
  readonly turn: Task;
}

/** A step that an execution is about to run; `kill` cancels it and all later ones. */
export interface MachineStep {
  readonly name: 'Plan' | 'Prepare' | 'Decide' | 'Commit' | 'Abort' | 'Release' | 'Finalise' | 'Turn';
  readonly transaction: string;
  readonly kill: () => void;
}

/** Milliseconds after which a task without a result is retried: slightly more than its function's timeout. */
const TASK_TIMEOUTS = {
  coordinate: (FUNCTIONS.coordinate.timeoutS + MACHINE_GRACE_S) * 1000,
  participant: (FUNCTIONS.participant.timeoutS + MACHINE_GRACE_S) * 1000,
  turn: (FUNCTIONS.turn.timeoutS + MACHINE_GRACE_S) * 1000,
};

/** The range of the milliseconds after which an execution is started for a second time. */
const AGAIN_MS = [0, 2_000] as const;

const intentsSchema = z.array(z.unknown());
const plannedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('prepare'), attempt: z.number() }),
  z.object({ kind: z.literal('decided'), intents: intentsSchema }),
]);
const decidedSchema = z.object({
  state: z.enum(['committed', 'aborted']),
  final: z.boolean(),
  intents: intentsSchema,
  turns: z.array(z.string()),
  next: z.number(),
});

/**
 * The state machine that drives transactions, with the steps of its definition in the stacks: it calls functions and
 * passes on their results. It decides nothing, so an execution may be killed at any step, or started twice.
 */
export class WorldStateMachine implements StateMachine {
  /** Called before every step of every execution. */
  beforeStep: (step: MachineStep) => void = () => undefined;
  readonly functions: MachineFunctions;
  readonly #region: string;
  readonly #scheduler: Scheduler;
  readonly #random: Clockwork['random'];
  readonly #activity: Activity;
  readonly #weather: Clockwork['weather'];
  readonly #running = new Set<Execution>();

  constructor(
    functions: MachineFunctions,
    { region, scheduler, random, activity, weather }: Clockwork & { readonly region: string },
  ) {
    this.functions = functions;
    this.#region = region;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#activity = activity;
    this.#weather = weather;
  }

  /** @throws MeridianError `unavailable` (retryable) if the start is throttled, as the adapter of Step Functions does */
  async start(input: MachineInput): Promise<void> {
    if (this.#weather.happens('machine.throttled', this.#region))
      throw new MeridianError(
        'unavailable',
        `Could not start the transaction ${input.id}: ThrottlingException. Retry.`,
        { retryable: true },
      );
    const parsed = machineInputSchema.parse(asJson(input));
    this.#execute(parsed);
    if (this.#weather.happens('machine.twice', this.#region)) this.#executeLater(parsed);
  }

  #executeLater(input: MachineInput): void {
    this.#activity.begin();
    this.#scheduler.after(this.#weather.between(...AGAIN_MS), () => {
      this.#execute(input);
      this.#activity.end();
    });
  }

  #execute(input: MachineInput): void {
    const execution = new Execution(input, this.#activity);
    this.#running.add(execution);
    const callOff = this.#scheduler.after(EXPRESS_MACHINE_MS, () => execution.end());
    // A failed execution is not reported: recovery finishes its work.
    void Promise.race([this.#run(execution).catch(() => undefined), execution.ended]).then(() => {
      callOff();
      execution.end();
      this.#running.delete(execution);
    });
  }

  /** Ends every execution at its current step: running calls continue, but their results are ignored. */
  killAll(): void {
    for (const execution of this.#running) execution.end();
  }

  async #run(execution: Execution): Promise<void> {
    const { id: transaction, participants, fingerprint, deadline, timeout, meta } = execution.input;
    const plan = plannedSchema.parse(
      await this.#task(execution, 'Plan', 'coordinate', { step: 'plan', transaction, fingerprint, deadline }),
    );
    if (plan.kind === 'decided') return this.#finalise(execution, 'Finalise', plan.intents);
    for (let { attempt } = plan; ; ) {
      const answers = await Promise.all(
        participants.map((participant) =>
          this.#task(execution, 'Prepare', 'participant', {
            step: 'prepare',
            transaction,
            attempt,
            fingerprint,
            deadline,
            timeout,
            meta,
            participant,
          }).catch((error: unknown) => ({
            kind: error instanceof ThrottledInvocation ? 'busy' : 'unreachable',
            stream: participant.stream,
          })),
        ),
      );
      const decision = decidedSchema.parse(
        await this.#task(execution, 'Decide', 'coordinate', {
          step: 'decide',
          transaction,
          attempt,
          fingerprint,
          deadline,
          timeout,
          answers,
        }),
      );
      const name = decision.state === 'committed' ? 'Commit' : decision.final ? 'Abort' : 'Release';
      const finalised = this.#finalise(execution, name, decision.intents);
      if (decision.state === 'committed' || decision.final) return finalised;
      const turns = decision.turns.map((stream) =>
        this.#task(execution, 'Turn', 'turn', { step: 'turn', transaction, attempt, stream, deadline, timeout }),
      );
      await Promise.all([finalised, ...turns.map((turn) => turn.catch(() => sleepOn(this.#scheduler, 1000)))]);
      attempt = decision.next;
    }
  }

  async #finalise(execution: Execution, name: MachineStep['name'], intents: readonly unknown[]): Promise<void> {
    await Promise.all(
      intents.map((intent) =>
        this.#task(execution, name, 'participant', { step: 'finalise', intent }).catch(() => undefined),
      ),
    );
  }

  /** Calls a function, and again if it fails or times out, except a turn. @throws the error of the last attempt */
  async #task(
    execution: Execution,
    name: MachineStep['name'],
    of: keyof MachineFunctions,
    input: unknown,
  ): Promise<unknown> {
    const most = name === 'Turn' ? 1 : MACHINE_TRIES;
    for (let tries = 1; ; tries++) {
      await this.#step(execution, name);
      try {
        const answer = this.#invoke(of, input);
        return asJson(await withTimeout(this.#scheduler, TASK_TIMEOUTS[of], 'States.Timeout', answer));
      } catch (error) {
        if (tries === most) throw error;
        await sleepOn(this.#scheduler, this.#random() * MACHINE_FIRST_PAUSE_S * 1000 * 2 ** (tries - 1));
      }
    }
  }

  /** Invokes a function. By chance it is invoked twice at once: then the first response counts. */
  #invoke(of: keyof MachineFunctions, input: unknown): Promise<unknown> {
    const answer = this.functions[of](asJson(input));
    if (!this.#weather.happens('machine.task-twice', this.#region)) return answer;
    return Promise.race([answer, this.functions[of](asJson(input))]);
  }

  /** Runs a step's hook. The promise never settles if the execution has ended. */
  async #step({ input, end, hasEnded }: Execution, name: MachineStep['name']): Promise<void> {
    if (!hasEnded() && this.#weather.happens('machine.dies', this.#region)) end();
    if (!hasEnded()) this.beforeStep({ name, transaction: input.id, kill: end });
    if (hasEnded()) await new Promise(() => undefined);
  }
}

/** One execution of the machine; counts as activity until it ends. */
class Execution {
  readonly input: MachineInput;
  /** Resolves when the execution has ended. */
  readonly ended: Promise<void>;
  readonly end: () => void;
  readonly hasEnded: () => boolean;

  constructor(input: MachineInput, activity: Activity) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let ended = false;
    activity.begin();
    this.input = input;
    this.ended = promise;
    this.hasEnded = () => ended;
    this.end = () => {
      if (ended) return;
      ended = true;
      activity.end();
      resolve();
    };
  }
}

/** A state's output as the next state's input. @throws Error if it is too large */
function asJson<T>(value: T): T {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > MACHINE_STATE_BYTES) throw new Error('States.DataLimitExceeded');
  return JSON.parse(text);
}
