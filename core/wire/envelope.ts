import * as z from 'zod';
import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { checkEvents } from '../definition/stream.ts';
import type { Append } from '../facts/append.ts';
import { messageFaults } from '../facts/carried.ts';
import { faultsOf, invalid, MeridianError, refuseFaults } from '../facts/errors.ts';
import type { Fault } from '../facts/fault.ts';
import { isObject } from '../facts/json.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { MAX_EVENTS } from '../limits/budgets.ts';
import { commitIdSchema, metaSchema, nameSchema, sentEventSchema, streamNameSchema } from './schemas.ts';
import { decodeVersionToken } from './version-token.ts';

const envelopeMembers = {
  // An append with the id of an attempt would block that transaction on the stream.
  id: commitIdSchema
    .regex(/^(?![a-z0-9-]+:.*#\d+$)/, "has the form of a transaction attempt's id: use another id")
    // It would take the place of a repair, which would then not count.
    .regex(/^(?!repair:[a-z0-9-]+\.\d+$)/, 'has the form of the id of a repair: use another id')
    .regex(/^(?!seal:)/, "has the form of a seal's id: use another id")
    .regex(/^(?!pin:)/, "has the form of a pin's id: use another id")
    .optional(),
  stream: streamNameSchema,
  expected: z.string().optional(),
  basedOn: z.string().optional(),
  meta: metaSchema.default({}),
};

export const eventsEnvelopeSchema = z.strictObject({
  ...envelopeMembers,
  events: z.array(sentEventSchema).min(1, 'holds no event'),
});

export const commandEnvelopeSchema = z.strictObject({
  ...envelopeMembers,
  command: nameSchema,
  input: z.unknown().optional(),
});

type EnvelopeHead = Omit<z.output<typeof eventsEnvelopeSchema>, 'events'>;

/**
 * Parses an envelope `{id?, stream, events, expected?, basedOn?, meta?}`.
 * @param newId generates the commitId of an envelope without `id`
 * @throws MeridianError `validation` with the path of every fault; `too-large`: more than {@link MAX_EVENTS};
 *   `unknown-stream-type`
 */
export function parseEventsEnvelope(domain: Domain, envelope: unknown, newId: () => string): Append {
  const events = isObject(envelope) && 'events' in envelope ? envelope.events : undefined;
  if (Array.isArray(events) && events.length > MAX_EVENTS)
    throw new MeridianError(
      'too-large',
      `A commit holds at most ${MAX_EVENTS} events; this one has ${events.length}.`,
      {
        details: { limit: MAX_EVENTS },
      },
    );
  const parsed = parse(eventsEnvelopeSchema, envelope, () => faultsOfEvents(domain, envelope));
  return toAppend(domain, parsed, { kind: 'events', events: parsed.events }, newId);
}

/**
 * Parses an envelope `{id?, stream, command, input?, expected?, basedOn?, meta?}`.
 * @throws MeridianError `validation` with the path of every fault; `unknown-stream-type`
 */
export function parseCommandEnvelope(domain: Domain, envelope: unknown, newId: () => string): Append {
  const { command, input, ...parsed } = parse(commandEnvelopeSchema, envelope);
  return toAppend(domain, parsed, { kind: 'command', command, input }, newId);
}

/** The name of a stream from its parts. @throws MeridianError `validation` */
export function streamNameOf(type: string, id: string): string {
  return parse(namedStreamSchema, { stream: `${type}/${id}` }).stream;
}

const namedStreamSchema = z.object({ stream: streamNameSchema });

/** The id of an envelope, if it is usable: without one, its sender cannot be notified of the result. */
export function idOf(envelope: unknown): string | undefined {
  return identifiedSchema.safeParse(envelope).data?.id;
}

const identifiedSchema = z.object({ id: commitIdSchema });

/** @param furtherFaults finds more faults of an envelope that the schema refused, to report them together */
function parse<T>(schema: z.ZodType<T>, envelope: unknown, furtherFaults: () => readonly Fault[] = () => []): T {
  refuseFaults(messageFaults(envelope));
  const result = schema.safeParse(envelope);
  if (result.success) return result.data;
  throw invalid([...faultsOf(result.error), ...furtherFaults()]);
}

const streamAndEventsSchema = z.object({ stream: streamNameSchema, events: z.array(sentEventSchema) });

/** Schema violations of an envelope's events, if its stream and events can be read. */
function faultsOfEvents(domain: Domain, envelope: unknown): readonly Fault[] {
  const { data } = streamAndEventsSchema.safeParse(envelope);
  const definition = data && domain.streams.get(parseStreamRef(data.stream).type);
  return definition ? checkEvents(definition, data.events).faults : [];
}

function toAppend(
  domain: Domain,
  { id, stream, expected, basedOn, meta }: EnvelopeHead,
  operation: Append['operation'],
  newId: () => string,
): Append {
  const { mode } = streamTypeOf(domain, parseStreamRef(stream).type);
  if (mode === 'merge' && expected !== undefined)
    throw invalid([
      { path: 'expected', message: 'is only for home and strong streams; a merge stream accepts basedOn' },
    ]);
  if (mode !== 'merge' && basedOn !== undefined)
    throw invalid([{ path: 'basedOn', message: `is only for merge streams; a ${mode} stream accepts expected` }]);
  return {
    stream,
    ...(id === undefined ? { commitId: newId(), isNew: true } : { commitId: id }),
    operation,
    ...(expected !== undefined && { expected: decodeVersionToken(stream, expected, 'expected') }),
    ...(basedOn !== undefined && { basedOn: decodeVersionToken(stream, basedOn, 'basedOn') }),
    meta,
  };
}
