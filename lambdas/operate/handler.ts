import * as z from 'zod';
import { type OperateAnswer, toProblem } from '../../core/index.ts';
import { type OperatePorts, runAction } from '../../core/operate/actions.ts';
import { isFailure } from '../failure.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** Operators' requests `{action, …}` → a result or a problem document. Every request leaves a line in the log. */
export function makeHandler(ports: OperatePorts & { readonly telemetry: Telemetry }) {
  const { log } = ports.telemetry;
  return instrument(ports.telemetry, async (asked: unknown): Promise<OperateAnswer> => {
    const request = auditedOf(asked);
    try {
      const result = await runAction(ports, asked);
      log.info('Operator action', { request, outcome: 'done', counts: countsIn(result) });
      return { result };
    } catch (error) {
      const problem = toProblem(error);
      log.info('Operator action', { request, outcome: problem.code });
      if (isFailure(problem)) {
        log.error('Operation failed', { request, error });
        ports.runtime.metric('OperateFailed', 'Count', 1);
      }
      return { problem };
    }
  });
}

/**
 * The members of a request that may be logged. Ids, filters and messages may be personal data; a request that is not
 * one of ours is not logged at all. Who sent it is in CloudTrail, under the same request id.
 */
const auditedSchema = z.object({
  action: z.string().regex(/^[a-z-]{1,40}$/),
  view: z.string().max(100).optional(),
  build: z.int().optional(),
  segment: z.int().optional(),
  segments: z.int().optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  before: z.number().optional(),
  limit: z.int().optional(),
  dryRun: z.boolean().optional(),
  from: z.string().max(40).optional(),
  to: z.string().max(40).optional(),
  home: z.string().max(40).optional(),
  type: z.string().max(100).optional(),
  part: z.enum(['entries', 'totals']).optional(),
  kind: z.enum(['planned', 'forced']).optional(),
});

function auditedOf(asked: unknown): z.output<typeof auditedSchema> | undefined {
  return auditedSchema.safeParse(asked).data;
}

/** The numbers and flags of a result, and the lengths of its lists. */
function countsIn(result: object): Readonly<Record<string, number | boolean>> {
  return Object.fromEntries(
    Object.entries(result).flatMap(([name, value]: [string, unknown]) => {
      if (Array.isArray(value)) return [[name, value.length]];
      return typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : [];
    }),
  );
}
