import type { Deciders, Survivor } from '../../bin/decide.ts';
import type { ActionInput, ActionResult, OperatorAction } from '../../core/wire/operate.ts';
import { BY, type LeftRegion, LOST } from '../core/operate/lost-fixture.ts';
import { ask } from '../core/operate/verify-fixture.ts';

/** Regions as an operator's command asks them. @param around runs each call, and may prevent it, or lose its answer */
export function askedAs(
  regions: readonly LeftRegion[],
  around: (call: () => Promise<unknown>) => Promise<unknown> = (call) => call(),
): Deciders {
  const survivors = regions.map(({ name, ports }): Survivor => {
    async function operate<Name extends OperatorAction>(
      action: Name,
      input: ActionInput<Name>,
    ): Promise<ActionResult<Name>> {
      let answer: ActionResult<Name> | undefined;
      await around(async () => {
        answer = await ask(ports, action, input);
      });
      if (answer === undefined) throw new Error('The call was lost.');
      return answer;
    }
    return { name, operate };
  });
  return { lost: LOST, by: BY, survivors };
}
