import { streamTypeOf } from '../definition/domain.ts';
import { homeOf } from '../definition/stream.ts';
import type { Append, Appended } from '../facts/append.ts';
import { fromProblem } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import type { Remote } from '../ports/remote.ts';
import { appendAnswerSchema } from '../wire/command.ts';
import { appendToStream } from './append.ts';
import type { AppendPorts } from './writer.ts';

export interface SubmitPorts extends AppendPorts {
  readonly remote: Remote;
}

/**
 * Appends here, or in the Region where the stream is at home.
 * @throws MeridianError as `appendToStream` does; `region-unreachable`, retryable: the home could not be asked, or did not answer
 * (the append may stand all the same: the same commitId again tells)
 */
export async function submitAppend(ports: SubmitPorts, asked: Append): Promise<Appended> {
  const stream = parseStreamRef(asked.stream);
  const home = homeOf(streamTypeOf(ports.domain, stream.type), stream, ports.regions) ?? ports.region;
  if (home === ports.region) return appendToStream(ports, asked, stream);
  const answer = appendAnswerSchema.parse(await ports.remote.invoke(home, asked));
  if ('problem' in answer) throw fromProblem(answer.problem);
  return answer.appended;
}
