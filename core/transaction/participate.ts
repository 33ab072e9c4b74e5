import * as z from 'zod';
import { streamTypeOf } from '../definition/domain.ts';
import { splitStream } from '../log/commit.ts';
import { type AppendPorts, homeOf } from '../log/writer.ts';
import type { Remote } from '../ports.ts';
import { meta } from '../request/envelope.ts';
import { type DecisionAnswer, decisionRequest, tellDecision } from './decisions.ts';
import { finalIntentSchema, participantSchema, preparedSchema } from './messages.ts';
import { type Prepared, prepare } from './prepare.ts';

export interface ParticipatePorts extends AppendPorts {
  /** The `participant` functions of the other Regions. */
  readonly participants: Remote;
}

const shared = {
  transaction: z.string(),
  attempt: z.number(),
  request: z.string(),
  meta,
  participant: participantSchema,
};

/** The longest call of another Region, in milliseconds: this function's own time is 30 s. */
const CALL_MS = 25_000;

/** What the state machine asks of its own Region, and a Region of the one where a stream is at home. */
const participantRequest = z.union([
  /** By the driving Region's clock. */
  z.object({ step: z.literal('prepare'), ...shared, deadline: z.number() }),
  z.object({ step: z.literal('prepare'), ...shared, remaining: z.number() }),
  z.object({ step: z.literal('finalise'), intent: finalIntentSchema }),
  decisionRequest,
]);

export type ParticipantAnswer = Prepared | { readonly kind: 'finalised' } | DecisionAnswer;

const remoteAnswer = z.union([preparedSchema, z.object({ kind: z.literal('finalised') })]);

/**
 * One step of a participant: in the home Region of its stream it is done, any other Region passes it on to that one: one
 * cross-Region round trip. Business outcomes are answers.
 * @throws MeridianError `unavailable`, `region-unreachable`: ask again; ZodError: this was never asked by ours
 */
export async function participate(ports: ParticipatePorts, asked: unknown): Promise<ParticipantAnswer> {
  const request = participantRequest.parse(asked);
  switch (request.step) {
    case 'decision':
      return tellDecision(ports, request);
    case 'finalise': {
      const { state, ...intent } = request.intent;
      const home = homeIn(ports, intent.stream);
      if (home !== ports.region) return passOn(ports, home, request);
      await ports.events.finalise(intent, state);
      return { kind: 'finalised' };
    }
    case 'prepare': {
      const home = homeIn(ports, request.participant.stream);
      const remaining = 'deadline' in request ? request.deadline - ports.runtime.now() : request.remaining;
      return home === ports.region
        ? prepare(ports, { ...request, remaining })
        : passOn(
            ports,
            home,
            { ...request, deadline: undefined, remaining },
            Math.max(1, Math.min(remaining, CALL_MS)),
          );
    }
  }
}

function homeIn({ domain, region, regions }: ParticipatePorts, stream: string): string {
  return homeOf(streamTypeOf(domain, splitStream(stream).type), stream, regions) ?? region;
}

async function passOn({ participants }: ParticipatePorts, home: string, request: unknown, within = CALL_MS) {
  return remoteAnswer.parse(await participants.invoke(home, request, within));
}
