import * as z from 'zod';
import { streamTypeOf } from '../definition/domain.ts';
import { fromProblem, type Problem, problemSchema } from '../errors.ts';
import { type Append, type Appended, append } from '../log/append.ts';
import { splitStream } from '../log/commit.ts';
import { type AppendPorts, homeOf } from '../log/writer.ts';
import type { Remote } from '../ports.ts';
import { versionSchema } from '../transaction/decisions.ts';

export interface SubmitPorts extends AppendPorts {
  readonly remote: Remote;
}

/** What a Region's `command` function answers to another Region. */
export type AppendAnswer = { readonly appended: Appended } | { readonly problem: Problem };

const appendAnswer: z.ZodType<AppendAnswer> = z.union([
  z.object({
    appended: z.object({
      stream: z.string(),
      commitId: z.string(),
      version: versionSchema,
      dot: z.object({ log: z.string(), position: z.number() }).optional(),
    }),
  }),
  z.object({ problem: problemSchema }),
]);

/**
 * Appends here, or in the Region where the stream is at home.
 * @throws MeridianError as `append` does; `region-unreachable`, retryable: the home could not be asked, or did not answer
 * (the append may stand all the same: the same commitId again tells)
 */
export async function submit(ports: SubmitPorts, asked: Append): Promise<Appended> {
  const { type } = splitStream(asked.stream);
  const definition = streamTypeOf(ports.domain, type);
  const home = homeOf(definition, asked.stream, ports.regions) ?? ports.region;
  if (home === ports.region) return append(ports, asked);
  const answer = appendAnswer.parse(await ports.remote.invoke(home, asked));
  if ('problem' in answer) throw fromProblem(answer.problem);
  return answer.appended;
}
