import { MeridianError } from '../facts/errors.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import { moveStream } from '../write/pin.ts';
import type { AppendPorts } from '../write/writer.ts';

export interface MoveStreamPorts {
  /** What writes streams. @default not deployed yet: no stream can move */
  readonly writing?: AppendPorts | undefined;
}

/** Moves the home of one stream, from any Region. @throws MeridianError as `moveStream` */
export async function moveOneStream(
  { writing }: MoveStreamPorts,
  asked: ActionRequest<'move-stream'>,
): Promise<ActionResult<'move-stream'>> {
  if (writing) return moveStream(writing, asked);
  throw new MeridianError('unavailable', 'This function does not write streams yet. Deploy first.', {
    retryable: true,
  });
}
