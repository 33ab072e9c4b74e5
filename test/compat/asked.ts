// Requests of real code to other Regions.

import type * as z from 'zod';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { defineDomain, MeridianError, type Remote, submitAppend } from '../../core/index.ts';
import { PARTICIPANT_CALL_MS } from '../../core/limits/budgets.ts';
import { decisionOf, decisionOrAbort } from '../../core/log/decisions.ts';
import { participateStep } from '../../core/transaction/participate.ts';
import { turnStep } from '../../core/transaction/turn.ts';
import { appendRequestSchema } from '../../core/wire/command.ts';
import type { participantRequestSchema } from '../../core/wire/participant.ts';
import { turnRequestSchema } from '../../core/wire/turn.ts';
import { moveStream } from '../../core/write/pin.ts';
import { askForSeals } from '../../core/write/seal.ts';
import { tickets, toyDomain } from '../../testing/toy.ts';
import { aRegion } from '../core/a-region.ts';
import { fakeRuntime } from '../runtime.ts';
import { type Form, message } from './form.ts';

export const [EAST, WEST] = ['us-east-1', 'us-west-2'];
export const REGIONS = [EAST, 'us-east-2', WEST];

/** A request of real code to another Region. */
export function askedAs<T>(schema: z.ZodType<T>, ask: (remote: Remote, means: T) => Promise<unknown>): Form {
  return message({
    read: (form) => schema.parse(form),
    write: (means: T) => askedOf((remote) => ask(remote, means)),
    uses: [schema],
  });
}

/** Records a request to another Region, which does not respond. */
export async function askedOf(ask: (remote: Remote) => Promise<unknown>): Promise<unknown> {
  const asked: unknown[] = [];
  const invoke = async (_region: string, request: unknown) => {
    asked.push(request);
    throw new MeridianError('region-unreachable', 'This Region only records requests.');
  };
  await ask({ invoke }).catch((error: unknown) => {
    if (asked.length === 0) throw error;
  });
  return asked[0];
}

/** Makes a Region that is not the home of a stream call the home. */
export function asksParticipant(
  participants: Remote,
  means: z.output<typeof participantRequestSchema>,
): Promise<unknown> {
  const ports = { ...aRegionOf('us-east-2'), participants, decisions: memoryDecisions({ strong: false }) };
  if (means.step === 'decision') {
    const { attemptId, abort, end } = means;
    const now = end ?? abort;
    return now
      ? decisionOrAbort(ports, attemptId, now.fingerprint, { reason: end?.reason, next: end })
      : decisionOf(ports, attemptId);
  }
  if (means.step === 'seal') return askForSeals(ports, means, [EAST], PARTICIPANT_CALL_MS);
  if (means.step === 'pin') {
    const { step: _step, placement, pin, ...asked } = means;
    if (placement) ports.placement.adopt(placement);
    if (pin) ports.placement.adoptPin(asked.stream, pin);
    return moveStream(ports, asked);
  }
  if (means.step === 'finalise' || 'deadline' in means) return participateStep(ports, means);
  const { remaining, began, placement, pin, ...asked } = means;
  if (placement) ports.placement.adopt(placement);
  if (pin) ports.placement.adoptPin(asked.participant.stream, pin);
  const deadline = ports.runtime.now() + remaining;
  return participateStep(ports, { ...asked, deadline, ...(began !== undefined && { timeout: deadline - began }) });
}

/** A turn that the state machine asks for, with a deadline, or that a Region passes on, with the remaining time. */
export const turnRequest = message({
  read: (form) => turnRequestSchema.parse(form),
  write: async (means: z.output<typeof turnRequestSchema>) => {
    if ('deadline' in means) return means;
    const { remaining, began, placement, pin, ...asked } = means;
    const region = aRegionOf('us-east-2');
    if (placement) region.placement.adopt(placement);
    if (pin) region.placement.adoptPin(asked.stream, pin);
    const deadline = region.runtime.now() + remaining;
    return askedOf((turns) => turnStep({ ...region, turns }, { ...asked, deadline, timeout: deadline - began }));
  },
  uses: [turnRequestSchema, turnStep],
});

/** One of three Regions, empty. */
export function aRegionOf(region: string, runtime = fakeRuntime()) {
  return { ...aRegion(region, runtime), regions: REGIONS };
}

/** The toy with a type whose commands have a home. */
const withTickets = defineDomain({ streams: [...toyDomain.streams.values(), tickets], views: [] });

/** A request to append that is passed on: to the home of a stream or of a command. */
export const appendRequest = askedAs(appendRequestSchema, (remote, { placement, pin, ...means }) => {
  const region = aRegionOf(WEST);
  if (placement) region.placement.adopt(placement);
  if (pin) region.placement.adoptPin(means.stream, pin);
  return submitAppend({ ...region, domain: withTickets, remote }, means);
});
