import type { Verified } from '../../bin/verify/found.ts';
import { type Report, Verification, type VerifyOptions } from '../../bin/verify/verify.ts';
import { type ActionInput, type ActionResult, type OperatorAction, operatorActions } from '../../core/index.ts';
import { sleepOn, type VirtualScheduler } from '../../world/time/scheduler.ts';
import type { World } from '../../world/world.ts';

/** Compares the Regions of a world, as the command line does. Time has to advance meanwhile. */
export function verifyWorld(
  world: World,
  scheduler: VirtualScheduler,
  options: Partial<VerifyOptions> = {},
): Promise<Report> {
  const regions = [...world.regions].map(
    ([name, region]): Verified => ({
      name,
      operate: async <Name extends OperatorAction>(
        action: Name,
        input: ActionInput<Name>,
      ): Promise<ActionResult<Name>> => {
        const answer = await region.operate(action, input);
        if ('problem' in answer) throw new Error(`${action} in ${name}: ${answer.problem.detail}`);
        return operatorActions[action].result.parse(answer.result);
      },
    }),
  );
  return new Verification(regions, {
    grace: 0,
    whole: true,
    now: () => scheduler.now(),
    sleep: (milliseconds) => sleepOn(scheduler, milliseconds),
    ...options,
  }).run();
}
