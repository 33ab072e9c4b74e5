import { isShared } from '../facts/commit.ts';
import { reportedProblem, ThrottledError } from '../facts/errors.ts';
import { comparePinKeys } from '../facts/pin.ts';
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
import { findPin } from '../write/follow.ts';
import { adoptPassedOn, homeIn, passedOn, type Writer, writerOf } from '../write/home.ts';
import { pinStream } from '../write/pin.ts';
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
    case 'pin':
      adoptPassedOn(ports, request.stream, request);
      try {
        return { kind: 'pinned', ...(await pinStream(ports, request)) };
      } catch (error) {
        return { kind: 'unpinned', problem: reportedProblem(ports.runtime, error) };
      }
  }
}

/** How much time a prepare has left, when it was received, and since when its transaction waits. */
interface Times {
  readonly remaining: number;
  readonly began: number | undefined;
}

async function prepareAtWriter(ports: ParticipatePorts, request: PrepareRequest): Promise<ParticipantAnswer> {
  const stream = parseStreamRef(request.participant.stream);
  if ('remaining' in request) adoptPassedOn(ports, stream.name, request);
  const writer = await writerOf(ports, stream);
  const begun = ports.runtime.elapsed();
  const times = timesOf(ports.runtime, request);
  if (writer.region !== ports.region) return prepareThere(ports, request, times, writer);
  const answer = await prepareIntent(ports, { ...request, ...times }, stream);
  // A pin was met in the stream: another Region writes it.
  const met = ports.placement?.pinOf(stream.name);
  if (answer.kind !== 'busy' || comparePinKeys(met?.key, writer.pin?.key) <= 0) return answer;
  return prepareAgain(ports, request, times, begun);
}

/** Prepares where the stream is written by what is known now, with the time that is left. */
function prepareAgain(
  ports: ParticipatePorts,
  request: PrepareRequest,
  { remaining, began }: Times,
  begun: number,
): Promise<ParticipantAnswer> {
  const left = remaining - (ports.runtime.elapsed() - begun);
  return prepareAtWriter(ports, { ...request, deadline: undefined, began, remaining: left });
}

async function prepareThere(
  ports: ParticipatePorts,
  request: PrepareRequest,
  times: Times,
  writer: Writer,
): Promise<ParticipantAnswer> {
  const stream = parseStreamRef(request.participant.stream);
  const begun = ports.runtime.elapsed();
  const asked = passedOn({ ...request, deadline: undefined, ...times }, writer);
  const within = Math.max(1, Math.min(times.remaining, PARTICIPANT_CALL_MS));
  try {
    const answer = await passOn(ports, writer.region, asked, within);
    const isBusy = answer.kind === 'busy' && writer.pin !== undefined;
    // It may wait for a pin that does not arrive: the next attempt goes by what the stream says here.
    if (isBusy) ports.placement?.forgetPin(stream.name);
    // Otherwise every attempt would take the way over the first home, which may be lost.
    if (isBusy || (answer.kind === 'prepared' && answer.region !== writer.region)) await findPin(ports, stream);
    return answer;
  } catch (error) {
    if (error instanceof ThrottledError || !(await findPin(ports, stream))) return busyIfThrottled(error, stream);
  }
  return prepareAgain(ports, request, times, begun);
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
