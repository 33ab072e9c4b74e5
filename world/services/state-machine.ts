import * as z from 'zod';
import { type MachineInput, machineInputSchema, type StateMachine } from '../../core/index.ts';
import { EXPRESS_MACHINE_MS, MACHINE_STATE_BYTES } from '../../core/limits/aws.ts';
import { MACHINE_FIRST_PAUSE_S, MACHINE_GRACE_S, MACHINE_TRIES } from '../../core/limits/budgets.ts';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import type { Activity } from '../time/activity.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { type Scheduler, sleepOn, withTimeout } from '../time/scheduler.ts';

type Task = (input: unknown) => Promise<unknown>;

export interface MachineFunctions {
  readonly coordinate: Task;
  readonly participant: Task;
}

/** A step that an execution is about to take; `kill` has it, and those after it, not happen. */
export interface MachineStep {
  readonly name: 'Plan' | 'Prepare' | 'Decide' | 'Commit' | 'Abort' | 'Finalise' | 'Wait';
  readonly transaction: string;
  readonly kill: () => void;
}

/** Milliseconds after which a task that has not answered is tried again: a little more than its function may run. */
const TASK_TIMEOUTS = {
  coordinate: (FUNCTIONS.coordinate.timeoutS + MACHINE_GRACE_S) * 1000,
  participant: (FUNCTIONS.participant.timeoutS + MACHINE_GRACE_S) * 1000,
};

const intentsSchema = z.array(z.unknown());
const plannedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('prepare'), attempt: z.number() }),
  z.object({ kind: z.literal('decided'), intents: intentsSchema }),
]);
const decidedSchema = z.object({
  state: z.enum(['committed', 'aborted']),
  final: z.boolean(),
  intents: intentsSchema,
  wait: z.number(),
});

/**
 * The state machine that drives transactions, step by step as its definition in the stacks: it calls functions, and
 * hands on what they answer. It decides nothing, so that an execution may be killed at any step, or started twice.
 */
export class WorldStateMachine implements StateMachine {
  /** Called before every step of every execution. */
  beforeStep: (step: MachineStep) => void = () => undefined;
  readonly functions: MachineFunctions;
  readonly #scheduler: Scheduler;
  readonly #random: Clockwork['random'];
  readonly #activity: Activity;
  readonly #running = new Set<Execution>();

  constructor(functions: MachineFunctions, { scheduler, random, activity }: Clockwork) {
    this.functions = functions;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#activity = activity;
  }

  async start(input: MachineInput): Promise<void> {
    const execution = new Execution(machineInputSchema.parse(asJson(input)), this.#activity);
    this.#running.add(execution);
    const callOff = this.#scheduler.after(EXPRESS_MACHINE_MS, () => execution.end());
    // An execution that fails has no one to tell: recovery finishes what it began.
    void Promise.race([this.#run(execution).catch(() => undefined), execution.ended]).then(() => {
      callOff();
      execution.end();
      this.#running.delete(execution);
    });
  }

  /** Ends every execution where it is: calls under way are made, and nothing comes of their answers. */
  killAll(): void {
    for (const execution of this.#running) execution.end();
  }

  async #run(execution: Execution): Promise<void> {
    const { id: transaction, participants, fingerprint, deadline, meta } = execution.input;
    for (;;) {
      const plan = plannedSchema.parse(
        await this.#task(execution, 'Plan', 'coordinate', { step: 'plan', transaction, fingerprint, deadline }),
      );
      if (plan.kind === 'decided') return this.#finalise(execution, 'Finalise', plan.intents);
      const { attempt } = plan;
      const answers = await Promise.all(
        participants.map((participant) =>
          this.#task(execution, 'Prepare', 'participant', {
            step: 'prepare',
            transaction,
            attempt,
            fingerprint,
            deadline,
            meta,
            participant,
          }).catch(() => ({ kind: 'unreachable', stream: participant.stream })),
        ),
      );
      const decision = decidedSchema.parse(
        await this.#task(execution, 'Decide', 'coordinate', {
          step: 'decide',
          transaction,
          attempt,
          fingerprint,
          deadline,
          answers,
        }),
      );
      await this.#finalise(execution, decision.state === 'committed' ? 'Commit' : 'Abort', decision.intents);
      if (decision.state === 'committed' || decision.final) return;
      await this.#step(execution, 'Wait');
      await sleepOn(this.#scheduler, decision.wait * 1000);
    }
  }

  async #finalise(execution: Execution, name: MachineStep['name'], intents: readonly unknown[]): Promise<void> {
    await Promise.all(
      intents.map((intent) =>
        this.#task(execution, name, 'participant', { step: 'finalise', intent }).catch(() => undefined),
      ),
    );
  }

  /** Calls a function, again when it failed or took too long. @throws what the last try threw */
  async #task(
    execution: Execution,
    name: MachineStep['name'],
    of: keyof MachineFunctions,
    input: unknown,
  ): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      await this.#step(execution, name);
      try {
        const answer = this.functions[of](asJson(input));
        return asJson(await withTimeout(this.#scheduler, TASK_TIMEOUTS[of], 'States.Timeout', answer));
      } catch (error) {
        if (tries === MACHINE_TRIES) throw error;
        await sleepOn(this.#scheduler, this.#random() * MACHINE_FIRST_PAUSE_S * 1000 * 2 ** (tries - 1));
      }
    }
  }

  /** @returns never, when the execution has ended */
  async #step({ input, end, hasEnded }: Execution, name: MachineStep['name']): Promise<void> {
    if (!hasEnded()) this.beforeStep({ name, transaction: input.id, kill: end });
    if (hasEnded()) await new Promise(() => undefined);
  }
}

/** One run of the machine. It is under way until it ends. */
class Execution {
  readonly input: MachineInput;
  /** Resolves as soon as it has ended. */
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

/** What a state hands to the next one. @throws Error when it is too large for that */
function asJson<T>(value: T): T {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > MACHINE_STATE_BYTES) throw new Error('States.DataLimitExceeded');
  return JSON.parse(text);
}
