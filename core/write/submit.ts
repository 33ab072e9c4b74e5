import type { Append, Appended } from '../facts/append.ts';
import { fromProblem } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { HOME_MOVING_MS } from '../limits/budgets.ts';
import type { Remote } from '../ports/remote.ts';
import { Retries } from '../retry.ts';
import { appendAnswerSchema } from '../wire/command.ts';
import { appendToStream } from './append.ts';
import { follow } from './follow.ts';
import { passedOn, writerOf } from './home.ts';
import type { AppendPorts } from './writer.ts';

export interface SubmitPorts extends AppendPorts {
  readonly remote: Remote;
}

/**
 * Appends here, or in the Region that acts for the home of the stream, or in the home of the command. While the home moves, and after it
 * has moved, the append follows it.
 * @throws MeridianError as `appendToStream` does; `region-unreachable`, retryable: the home could not be reached or
 *   did not respond (the append may be committed: retry with the same commitId to find out)
 */
export async function submitAppend(ports: SubmitPorts, asked: Append): Promise<Appended> {
  const stream = parseStreamRef(asked.stream);
  const retries = new Retries(ports.runtime, HOME_MOVING_MS);
  for (;;) {
    const writer = await writerOf(ports, stream, asked.operation);
    try {
      if (writer.region === ports.region) return await appendToStream(ports, asked, stream);
      const answer = appendAnswerSchema.parse(await ports.remote.invoke(writer.region, passedOn(asked, writer)));
      if ('problem' in answer) throw fromProblem(answer.problem);
      return answer.appended;
    } catch (error) {
      if (!(await follow(ports, stream, writer, error)) || !(await retries.pause())) throw error;
    }
  }
}
