import { messageOf } from '../../core/facts/errors.ts';
import { wordsOf } from './arguments.ts';
import { isComment, type Scenario } from './parse.ts';
import { ScenarioError } from './problem.ts';
import { withFullNames, withShortNames } from './regions.ts';
import { Stage } from './stage.ts';
import type { Action } from './verb.ts';
import { actionOf } from './verbs/index.ts';

/** A command's action, and where it is written. */
interface Step {
  readonly place: string;
  readonly action: Action;
}

/**
 * Plays a scenario in a world of its own, in virtual time: the same file gives the same output.
 * @returns the output of each block
 * @throws ScenarioError with file and line when a command cannot be read, or cannot be done
 */
export async function play(scenario: Scenario): Promise<readonly (readonly string[])[]> {
  const blocks = scenario.blocks.map((block) => stepsOf(scenario.file, block));
  const stage = new Stage();
  const outputs: (readonly string[])[] = [];
  for (const steps of blocks) {
    const output: string[] = [];
    for (const { place, action } of steps) output.push(...(await at(place, () => action(stage))).map(withShortNames));
    outputs.push(output);
  }
  return outputs;
}

function stepsOf(file: string, { line, commands }: Scenario['blocks'][number]): readonly Step[] {
  return commands.flatMap((command, i) => {
    const place = `${file}:${line + i}: ${command}`;
    return isComment(command)
      ? []
      : [{ place, action: placed(place, () => actionOf(wordsOf(withFullNames(command)))) }];
  });
}

function placed<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw errorAt(place, error);
  }
}

async function at<T>(place: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw errorAt(place, error);
  }
}

function errorAt(place: string, cause: unknown): ScenarioError {
  return new ScenarioError(`${place}\n  ${withShortNames(messageOf(cause))}`, { cause });
}
