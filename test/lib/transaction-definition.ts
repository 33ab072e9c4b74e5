import { StateMachine } from 'aws-local-stepfunctions';
import { z } from 'zod';
import { firstRegionOf, synthesize } from './synthesize.ts';

type Definition = ConstructorParameters<typeof StateMachine>[0];
type JsonValue = Parameters<StateMachine['run']>[0];

/** The functions that the machine calls, with their requests and responses: JSON in both directions. */
export interface MachineTasks {
  readonly coordinate: (payload: unknown) => unknown;
  readonly participant: (payload: unknown) => unknown;
  readonly turn: (payload: unknown) => unknown;
}

/** The record of an execution. */
export interface Execution {
  /** The states that it entered, in order, including those of maps. */
  readonly entered: readonly string[];
  /** Bytes of the largest input of a state, as JSON. */
  readonly largest: number;
}

const parsedSchema = z.looseObject({
  QueryLanguage: z.literal('JSONPath'),
  StartAt: z.string(),
  States: z.record(z.string(), z.looseObject({ Type: z.string() })),
});
const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:';

/** The definition of the transactions' state machine, from the template of a Region's stack. */
export function definitionOf(): z.infer<typeof parsedSchema> {
  const template = firstRegionOf(synthesize());
  const { DefinitionString } = template.named('AWS::StepFunctions::StateMachine', 'meridian-transactions').Properties;
  return parsedSchema.parse(
    JSON.parse(template.text(DefinitionString).replaceAll(/Function\(([a-z-]+)\)/g, `${ARN}$1`)),
  );
}

function interpreted(): StateMachine {
  const { QueryLanguage: _, ...definition } = definitionOf();
  // The interpreter checks the definition, so the cast is safe.
  return new StateMachine(definition as Definition);
}
let machine: StateMachine | undefined;

/**
 * Executes the definition with the caller's functions. Retries follow at once.
 * @throws Error if the execution fails, with the error of the state machine
 */
export async function runDefinition(
  { coordinate, participant, turn }: MachineTasks,
  input: unknown,
): Promise<Execution> {
  machine ??= interpreted();
  const tasks = {
    Plan: coordinate,
    Decide: coordinate,
    Prepare: participant,
    Commit: participant,
    Abort: participant,
    Finalise: participant,
    Release: participant,
    Turn: turn,
  };
  const names = Object.entries(tasks);
  const { result, eventLogs } = machine.run(json(input), {
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(
        names.map(([name, task]) => [name, async (payload: unknown) => json(await task(json(payload)))]),
      ),
      retryIntervalOverrides: Object.fromEntries(names.map(([name]) => [name, 0])),
    },
  });
  const entered: string[] = [];
  let largest = 0;
  const watch = async () => {
    for await (const event of eventLogs) {
      if (event.type !== 'StateEntered') continue;
      entered.push(event.state.name);
      largest = Math.max(largest, Buffer.byteLength(JSON.stringify(event.state.input)));
    }
  };
  await Promise.all([result, watch()]);
  return { entered, largest };
}

function json(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value ?? null));
}
