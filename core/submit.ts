import * as z from 'zod';
import { type Append, type Appended, type AppendPorts, append } from './append.ts';
import { splitStream } from './commit.ts';
import { streamTypeOf } from './domain.ts';
import { commitId, meta, sentEvent, streamName } from './envelope.ts';
import { fromProblem, type Problem, toProblem } from './errors.ts';
import type { Remote } from './ports.ts';

export interface SubmitPorts extends AppendPorts {
  readonly remote: Remote;
}

/** What a Region's `command` function answers to another Region. */
export type RemoteAnswer = { readonly appended: Appended } | { readonly problem: Problem };

const version = z.record(z.string(), z.number());

const remoteAnswer: z.ZodType<RemoteAnswer> = z.union([
  z.object({
    appended: z.object({
      stream: z.string(),
      commitId: z.string(),
      version,
      dot: z.object({ log: z.string(), position: z.number() }).optional(),
    }),
  }),
  z.object({
    problem: z.custom<Problem>((problem) => typeof problem === 'object' && problem !== null && 'code' in problem),
  }),
]);

const appendRequest: z.ZodType<Append> = z.object({
  stream: streamName,
  commitId,
  request: z.union([
    z.object({ kind: z.literal('events'), events: z.array(sentEvent) }),
    z.object({ kind: z.literal('command'), command: z.string(), input: z.unknown().optional() }),
  ]),
  expected: version.optional(),
  meta,
});

/**
 * Appends here, or in the Region where the stream is at home.
 * @throws MeridianError as `append` does; `region-unreachable`, retryable: the home could not be asked, or did not answer
 * (the append may stand all the same: the same commitId again tells)
 */
export const submit = async (ports: SubmitPorts, asked: Append): Promise<Appended> => {
  const { type, id } = splitStream(asked.stream);
  const definition = streamTypeOf(ports.domain, type);
  const home = definition.mode === 'home' ? definition.home(id, ports.regions) : ports.region;
  if (home === ports.region) return append(ports, asked);
  const answer = remoteAnswer.parse(await ports.remote.invoke(home, asked));
  if ('problem' in answer) throw fromProblem(answer.problem);
  return answer.appended;
};

/** The home's side of `submit`: what was asked for comes as JSON, errors go as problem documents. */
export const submitHere = async (ports: AppendPorts, asked: unknown): Promise<RemoteAnswer> => {
  try {
    return { appended: await append(ports, appendRequest.parse(asked)) };
  } catch (error) {
    return { problem: toProblem(error) };
  }
};
