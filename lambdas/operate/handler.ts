import { type OperateAnswer, toProblem } from '../../core/index.ts';
import { type OperatePorts, runAction } from '../../core/operate/actions.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** Operators' requests `{action, …}` → a result or a problem document. */
export function makeHandler(ports: OperatePorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async (asked: unknown): Promise<OperateAnswer> => {
    try {
      return { result: await runAction(ports, asked) };
    } catch (error) {
      const problem = toProblem(error);
      if (problem.status >= 500) ports.telemetry.log.error('Operation failed', { asked, error });
      return { problem };
    }
  });
}
