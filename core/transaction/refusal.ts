import { MeridianError, type Problem, reportedProblem } from '../facts/errors.ts';
import type { AppendPorts } from '../write/writer.ts';

/**
 * The problem of a participant whose error aborts its transaction. The abort is permanent, so the problem of an
 * unexpected error does not ask for a retry with the same id.
 */
export function refusalOf({ runtime, region }: Pick<AppendPorts, 'runtime' | 'region'>, error: unknown): Problem {
  const problem = reportedProblem(runtime, error);
  if (error instanceof MeridianError) return problem;
  const detail = `Unexpected error. Its cause is logged in ${region}: fix it, and send the transaction again under a new id.`;
  return { ...problem, detail, retryable: false };
}
