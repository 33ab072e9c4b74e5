import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import type { PreparedIntent } from '../../../core/facts/decision.ts';
import type { Problem } from '../../../core/facts/errors.ts';
import type { Transaction } from '../../../core/facts/transaction.ts';
import {
  type MachineInput,
  MeridianError,
  participateStep,
  type Remote,
  submitHere,
  turnStep,
} from '../../../core/index.ts';
import { coordinateStep } from '../../../core/transaction/coordinate.ts';
import type { AttemptResult, Plan } from '../../../core/wire/coordinator.ts';
import type { Prepared } from '../../../core/wire/participant.ts';
import { parseTransaction } from '../../../core/wire/transaction-envelope.ts';
import { fakeRuntime } from '../../runtime.ts';
import { aMachine, aRegion, REGIONS } from '../a-region.ts';

export type Region = ReturnType<typeof aRegion>;

/** The value as another Region receives it. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

export interface WorldOptions {
  /** Whether the decisions are one table of all Regions. @default true */
  readonly strong?: boolean;
  /** Whether a state machine runs to its end before `start` returns. @default true */
  readonly drives?: boolean;
}

/** Three Regions with separate events tables, whose calls to each other pass as JSON. */
export function aWorld({ strong = true, drives = true }: WorldOptions = {}) {
  const shared = memoryDecisions({ strong: true });
  /** Unreachable Regions. */
  const cut = new Set<string>();
  const calls: { readonly region: string; readonly asked: unknown; readonly within?: number | undefined }[] = [];
  const regions = new Map<string, Region>();

  const over = (serve: (region: Region, asked: unknown) => Promise<unknown>): Remote => ({
    invoke: async (name, asked, within) => {
      calls.push({ region: name, asked: asJson(asked), within });
      const region = regions.get(name);
      if (!region || cut.has(name))
        throw new MeridianError('region-unreachable', `There is no connection to ${name}.`, { retryable: true });
      return asJson(await serve(region, asJson(asked)));
    },
  });
  const lines = { participants: over(participateStep), turns: over(turnStep), remote: over(submitHere) };

  const make = (name: string): Region => {
    const region: Region = {
      ...aRegion(name, fakeRuntime()),
      ...lines,
      decisions: strong ? shared : memoryDecisions({ strong: false }),
    };
    const noting = aMachine();
    const machine = {
      started: noting.started,
      start: async (input: MachineInput) => {
        await noting.start(input);
        if (drives) await drive(region, input);
      },
    };
    const whole = { ...region, machine };
    regions.set(name, whole);
    return whole;
  };
  const [us, eu, ap] = [make('us'), make('eu'), make('ap')];
  return { us, eu, ap, cut, calls };
}

/** A step after which a state machine is killed. */
export type Step = 'plan' | 'prepare' | 'decide';

/** Advances the virtual clock with every attempt, even if the wait is 0. */
const ATTEMPT_MS = 100;

/**
 * Runs the state machine of a Region until it ends or dies: `Plan → Prepare all → Decide → Commit all | Abort all`. After a busy
 * attempt it waits for its turns, and prepares all again.
 */
export async function drive(region: Region, input: MachineInput, diesAfter?: Step): Promise<void> {
  const plan = await planOf(region, input);
  if (plan.kind === 'decided') return finaliseAll(region, plan.intents);
  if (diesAfter === 'plan') return;
  for (let { attempt } = plan; ; ) {
    const answers = await prepareAll(region, input, attempt);
    if (diesAfter === 'prepare') return;
    const decided = await decideOn(region, input, attempt, answers);
    if (diesAfter === 'decide') return;
    await finaliseAll(region, decided.intents);
    if (decided.final) return;
    await region.runtime.sleep(ATTEMPT_MS);
    for (const stream of decided.turns) {
      const { id: transaction, deadline, timeout } = input;
      await turnStep(region, asJson({ step: 'turn', transaction, attempt, stream, deadline, timeout })).catch(
        () => undefined,
      );
    }
    attempt = decided.next;
  }
}

export async function planOf(region: Region, input: MachineInput): Promise<Plan> {
  const plan = await coordinateStep(
    region,
    asJson({ step: 'plan', transaction: input.id, fingerprint: input.fingerprint, deadline: input.deadline }),
  );
  if (!('kind' in plan)) throw new Error('This is not a plan.');
  return plan;
}

export type Answer = Prepared | { readonly kind: 'unreachable'; readonly stream: string };

export function prepareAll(region: Region, input: MachineInput, attempt: number): Promise<readonly Answer[]> {
  return Promise.all(input.participants.map((participant) => prepareOne(region, input, attempt, participant)));
}

export async function prepareOne(
  region: Region,
  input: MachineInput,
  attempt: number,
  participant: MachineInput['participants'][number],
): Promise<Answer> {
  const { id: transaction, fingerprint, deadline, timeout, meta } = input;
  try {
    const asked = { step: 'prepare', transaction, attempt, fingerprint, deadline, timeout, meta, participant };
    const answer = await participateStep(region, asJson(asked));
    if (answer.kind === 'prepared' || answer.kind === 'busy' || answer.kind === 'refused') return answer;
    throw new Error(`This is not the response to a prepare: ${answer.kind}`);
  } catch {
    return { kind: 'unreachable', stream: participant.stream };
  }
}

export async function decideOn(
  region: Region,
  { id: transaction, fingerprint, deadline, timeout }: MachineInput,
  attempt: number,
  answers: readonly Answer[],
): Promise<AttemptResult> {
  const decided = await coordinateStep(
    region,
    asJson({ step: 'decide', transaction, attempt, fingerprint, deadline, timeout, answers }),
  );
  if (!('state' in decided)) throw new Error('This is not a decision.');
  return decided;
}

export async function finaliseAll(region: Region, intents: AttemptResult['intents']): Promise<void> {
  await Promise.all(
    intents.map((intent) => participateStep(region, asJson({ step: 'finalise', intent })).catch(() => undefined)),
  );
}

let transactions = 0;

/** A transaction that transfers 5 between accounts; tests override what matters to them. */
export function aTransaction(of: Record<string, unknown> = {}, region = 'us'): Transaction {
  return parseTransaction(
    { ...aRegion(region), regions: REGIONS },
    {
      id: `${region}:order-${++transactions}`,
      participants: [
        { stream: 'account/us.1', command: 'withdraw', input: { amount: 5 } },
        { stream: 'account/eu.1', command: 'deposit', input: { amount: 5 } },
      ],
      ...of,
    },
  );
}

/** The input of its state machine. */
export function inputOf({ isNew: _isNew, ...transaction }: Transaction, { runtime }: Region): MachineInput {
  return {
    ...transaction,
    deadline: runtime.now() + transaction.timeout,
  };
}

export function intentsOf(answers: readonly Answer[]): readonly PreparedIntent[] {
  return answers.flatMap((answer) => (answer.kind === 'prepared' ? answer : []));
}

/** Any problem. */
export const aProblem: Problem = {
  type: 'urn:meridian:problem:rejected',
  title: 'rejected',
  status: 422,
  detail: 'No.',
  code: 'rejected',
  retryable: false,
};
