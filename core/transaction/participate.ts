import { isShared } from '../facts/commit.ts';
import { reportedProblem, ThrottledError } from '../facts/errors.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { PARTICIPANT_CALL_MS } from '../limits/budgets.ts';
import { tellDecision } from '../log/decisions.ts';
import type { Remote } from '../ports/remote.ts';
import {
  type ParticipantAnswer,
  type PrepareRequest,
  participantAnswerSchema,
  participantRequestSchema,
} from '../wire/participant.ts';
import { adoptPassedOn, homeIn, passedOn, writerOf } from '../write/home.ts';
import { sealLog } from '../write/seal.ts';
import type { AppendPorts } from '../write/writer.ts';
import { prepareIntent } from './prepare.ts';
import { timesOf } from './times.ts';

export interface ParticipatePorts extends AppendPorts {
  /** The `participant` functions of the other Regions. */
  readonly participants: Remote;
}

/**
 * Executes one step of a participant: a prepare in the home Region of its stream, a finalise in the Region that wrote the
 * intent; both here if the stream is `strong`. Any other Region passes it on: one cross-Region round trip. Business outcomes are returned, not thrown.
 * @throws MeridianError `unavailable`, `region-unreachable`: retry; ZodError: not a request of ours
 */
export async function participateStep(ports: ParticipatePorts, asked: unknown): Promise<ParticipantAnswer> {
  const request = participantRequestSchema.parse(asked);
  switch (request.step) {
    case 'decision':
      return tellDecision(ports, request);
    case 'finalise': {
      const { state, region: _region, ...intent } = request.intent;
      const region = request.intent.region ?? homeIn(ports, parseStreamRef(intent.stream));
      if (region !== ports.region && !isShared(intent)) return passOn(ports, region, request);
      await ports.events.finalise(intent, state);
      return { kind: 'finalised' };
    }
    case 'prepare':
      return prepareAtWriter(ports, request);
    case 'seal':
      try {
        return { kind: 'sealed', ...(await sealLog(ports, request)) };
      } catch (error) {
        return { kind: 'unsealed', problem: reportedProblem(ports.runtime, error) };
      }
  }
}

async function prepareAtWriter(ports: ParticipatePorts, request: PrepareRequest): Promise<ParticipantAnswer> {
  if ('remaining' in request) adoptPassedOn(ports, request);
  const stream = parseStreamRef(request.participant.stream);
  const writer = await writerOf(ports, stream);
  const { began, remaining } = timesOf(ports.runtime, request);
  if (writer.region === ports.region) return prepareIntent(ports, { ...request, remaining, began }, stream);
  const asked = passedOn({ ...request, deadline: undefined, remaining, began }, writer);
  const within = Math.max(1, Math.min(remaining, PARTICIPANT_CALL_MS));
  return passOn(ports, writer.region, asked, within).catch((error: unknown) => busyIfThrottled(error, stream));
}

/** The home is there, but has no instance free: another attempt finds one. @throws any other error */
function busyIfThrottled(error: unknown, { name }: StreamRef): ParticipantAnswer {
  if (error instanceof ThrottledError) return { kind: 'busy', stream: name };
  throw error;
}

async function passOn(
  { participants }: ParticipatePorts,
  home: string,
  request: unknown,
  within = PARTICIPANT_CALL_MS,
) {
  return participantAnswerSchema.parse(await participants.invoke(home, request, within));
}
