import type { Arguments } from './arguments.ts';
import type { Stage } from './stage.ts';

/** What a command does; returns the lines that it prints. */
export type Action = (stage: Stage) => Promise<readonly string[]>;

/** What a command's first word means. */
export interface Verb {
  /** Its arguments, for the error when they are wrong. */
  readonly usage: string;
  /** Reads the arguments. @throws ScenarioError */
  readonly parse: (args: Arguments) => Action;
}

/** An action that prints nothing. */
export function silently(act: (stage: Stage) => void | Promise<void>): Action {
  return async (stage) => {
    await act(stage);
    return [];
  };
}
