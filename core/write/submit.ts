import type { Append, Appended } from '../facts/append.ts';
import { fromProblem } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import type { Remote } from '../ports/remote.ts';
import { appendAnswerSchema } from '../wire/command.ts';
import { appendToStream } from './append.ts';
import { type AppendPorts, homeIn } from './writer.ts';

export interface SubmitPorts extends AppendPorts {
  readonly remote: Remote;
}

/**
 * Appends here, or in the home Region of the stream or of the command.
 * @throws MeridianError as `appendToStream` does; `region-unreachable`, retryable: the home could not be reached or
 *   did not respond (the append may be committed: retry with the same commitId to find out)
 */
export async function submitAppend(ports: SubmitPorts, asked: Append): Promise<Appended> {
  const stream = parseStreamRef(asked.stream);
  const home = homeIn(ports, stream, asked.operation);
  if (home === ports.region) return appendToStream(ports, asked, stream);
  const answer = appendAnswerSchema.parse(await ports.remote.invoke(home, asked));
  if ('problem' in answer) throw fromProblem(answer.problem);
  return answer.appended;
}
