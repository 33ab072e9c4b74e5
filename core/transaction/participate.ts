import { streamTypeOf } from '../definition/domain.ts';
import { homeOf } from '../definition/stream.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import { MAX_TRANSACTION_MS, PARTICIPANT_CALL_MS } from '../limits/budgets.ts';
import { tellDecision } from '../log/decisions.ts';
import type { Remote } from '../ports/remote.ts';
import { type ParticipantAnswer, participantAnswerSchema, participantRequestSchema } from '../wire/participant.ts';
import type { AppendPorts } from '../write/writer.ts';
import { prepareIntent } from './prepare.ts';

export interface ParticipatePorts extends AppendPorts {
  /** The `participant` functions of the other Regions. */
  readonly participants: Remote;
}

/**
 * Executes one step of a participant: a prepare in the home Region of its stream, a finalise in the Region that wrote the
 * intent. Any other Region passes it on: one cross-Region round trip. Business outcomes are returned, not thrown.
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
      if (region !== ports.region) return passOn(ports, region, request);
      await ports.events.finalise(intent, state);
      return { kind: 'finalised' };
    }
    case 'prepare': {
      const stream = parseStreamRef(request.participant.stream);
      const home = homeIn(ports, stream);
      const remaining =
        'deadline' in request
          ? Math.min(request.deadline - ports.runtime.now(), request.timeout ?? MAX_TRANSACTION_MS)
          : request.remaining;
      return home === ports.region
        ? prepareIntent(ports, { ...request, remaining }, stream)
        : passOn(
            ports,
            home,
            { ...request, deadline: undefined, timeout: undefined, remaining },
            Math.max(1, Math.min(remaining, PARTICIPANT_CALL_MS)),
          );
    }
  }
}

function homeIn({ domain, region, regions }: ParticipatePorts, stream: StreamRef): string {
  return homeOf(streamTypeOf(domain, stream.type), stream, regions) ?? region;
}

async function passOn(
  { participants }: ParticipatePorts,
  home: string,
  request: unknown,
  within = PARTICIPANT_CALL_MS,
) {
  return participantAnswerSchema.parse(await participants.invoke(home, request, within));
}
