import * as z from 'zod';
import type { Domain } from '../core/definition/domain.ts';
import { type EventVersion, schemaVersionsOf } from '../core/definition/event-version.ts';
import { hasEscrow, type StreamDefinition } from '../core/definition/stream.ts';
import { MAX_EVENTS, MAX_PARTICIPANTS } from '../core/limits/budgets.ts';
import { ANNOUNCEMENT_SOURCE, abortedSchema, committedSchema } from '../core/wire/announcement.ts';
import { APPEND, COMMAND, RECEIPT_SOURCE, SOURCE_PREFIX, TRANSACT } from '../core/wire/bus.ts';
import { publishedSchema } from '../core/wire/bus-event.ts';
import { announcedConflictSchema, CONFLICT_SOURCE } from '../core/wire/conflict-event.ts';
import { acceptedSchema, rejectedSchema } from '../core/wire/receipt.ts';
import { commitIdSchema, metaSchema, streamNameSchema } from '../core/wire/schemas.ts';
import { checkedParticipantSchema, transactionEnvelopeSchema } from '../core/wire/transaction-envelope.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** One part of a domain's contract, as JSON Schema (draft 2020-12). */
export interface SchemaDocument {
  /**
   * `event`: the data of an event in one version, as it is stored and published. `sent`: the form in which a caller may send it,
   * if it differs. `command`: a command's input. `message`: a complete EventBridge event.
   */
  readonly kind: 'event' | 'sent' | 'command' | 'message';
  /** Unique within its kind: `account.Deposited.2`, `account.deposit`, `append.account`. */
  readonly name: string;
  readonly schema: JsonSchema;
}

/**
 * Everything that others may rely on: every version of every event, every command's input, and the messages on the bus. What JSON
 * Schema cannot express (a refinement, a `Date`) is unconstrained.
 */
export function schemaDocuments(domain: Domain): readonly SchemaDocument[] {
  return [
    ...[...domain.streams.values()].flatMap(documentsOf),
    ...transactDocuments(domain),
    message('Accepted', 'Accepted: an envelope was committed', 'output', receipt('Accepted', acceptedSchema)),
    message('Rejected', 'Rejected: an envelope was refused', 'output', receipt('Rejected', rejectedSchema)),
    message(
      'TransactionCommitted',
      'TransactionCommitted: a transaction was committed in all of its streams',
      'output',
      delivered(z.literal(ANNOUNCEMENT_SOURCE), 'TransactionCommitted', committedSchema),
    ),
    message(
      'TransactionAborted',
      'TransactionAborted: nothing of a transaction was written',
      'output',
      delivered(z.literal(ANNOUNCEMENT_SOURCE), 'TransactionAborted', abortedSchema),
    ),
    message(
      'ConflictOpen',
      'ConflictOpen: commits had not seen each other, and both sides stay',
      'output',
      delivered(z.literal(CONFLICT_SOURCE), 'ConflictOpen', announcedConflictSchema),
    ),
    message(
      'ConflictResolved',
      'ConflictResolved: a rule or a later commit has decided a conflict, or it turned out to be none',
      'output',
      delivered(z.literal(CONFLICT_SOURCE), 'ConflictResolved', announcedConflictSchema),
    ),
  ];
}

/**
 * Every event in its current version, as EventBridge delivers it, under the name that a schema registry of EventBridge
 * gives it (`meridian.account@Deposited`). The schemas are in JSON Schema draft 4, the version that the registry
 * accepts.
 */
export function registrySchemas(domain: Domain): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    [...domain.streams.values()].flatMap((stream) =>
      Object.entries(stream.events).map(([type, event]) => [
        `${SOURCE_PREFIX}${stream.type}@${type}`,
        jsonSchema(published(stream, type, event), 'output', {}, 'draft-04'),
      ]),
    ),
  );
}

function transactDocuments(domain: Domain): readonly SchemaDocument[] {
  const request = transactionRequestSchema(domain);
  if (!request) return [];
  const title = `${TRANSACT}: changes to several streams, together or not at all`;
  return [message('transact', title, 'input', put(TRANSACT, request.required({ id: true })))];
}

function documentsOf(stream: StreamDefinition): readonly SchemaDocument[] {
  const events = Object.entries(stream.events).flatMap(([type, event]) =>
    schemaVersionsOf(event).map((version) => ({
      type,
      version,
      name: `${stream.type}.${type}.${version.schemaVersion}`,
    })),
  );
  const commands = Object.entries(stream.commands).map(([command, { input }]) => ({
    command,
    input,
    name: `${stream.type}.${command}`,
  }));
  return [
    ...events.flatMap(({ type, version, name }) => eventDocuments(`${stream.type} ${type}`, name, version)),
    ...commands.map(({ command, input, name }) => ({
      kind: 'command' as const,
      name,
      schema: jsonSchema(input, 'input', { title: `${stream.type} ${command}, its input` }),
    })),
    ...(hasEscrow(stream)
      ? []
      : [
          message(
            `append.${stream.type}`,
            `${APPEND} to a ${stream.type} stream`,
            'input',
            put(APPEND, appendEnvelopeSchema(stream).required({ id: true })),
          ),
        ]),
    ...commands.map(({ command, input, name }) =>
      message(
        `command.${name}`,
        `${COMMAND} ${command} of a ${stream.type} stream`,
        'input',
        put(COMMAND, commandEnvelopeSchema(stream, command, input).required({ id: true })),
      ),
    ),
    ...events.map(({ type, version, name }) =>
      message(
        name,
        `${stream.type} ${type}, version ${version.schemaVersion}, on the bus`,
        'output',
        published(stream, type, version),
      ),
    ),
  ];
}

function eventDocuments(
  event: string,
  name: string,
  { schemaVersion, schema, sample }: EventVersion,
): readonly SchemaDocument[] {
  const title = `${event}, version ${schemaVersion}`;
  const kept = sample === undefined ? {} : { examples: [schema.safeParse(sample).data] };
  const stored = jsonSchema(schema, 'output', { title, ...kept });
  const sent = jsonSchema(schema, 'input', { title, ...kept });
  const document: SchemaDocument = { kind: 'event', name, schema: stored };
  if (JSON.stringify(sent) === JSON.stringify(stored)) return [document];
  return [document, { kind: 'sent', name, schema: { ...sent, title: `${title}, as it is sent`, examples: [sample] } }];
}

function message(name: string, title: string, io: 'input' | 'output', schema: z.ZodType): SchemaDocument {
  return {
    kind: 'message',
    name,
    schema: jsonSchema(schema, io, { title }),
  };
}

/** @param io `input`: the form that is sent; `output`: the form after parsing */
function jsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  about: JsonSchema = {},
  target: 'draft-2020-12' | 'draft-04' = 'draft-2020-12',
): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, target, unrepresentable: 'any' });
  // The value as JSON, without undefined members.
  return JSON.parse(JSON.stringify({ $schema, ...about, ...rest }));
}

/** A schema within an OpenAPI document, which names the dialect once for all schemas. */
export function schemaPart(schema: z.ZodType, io: 'input' | 'output', about: JsonSchema = {}): JsonSchema {
  const { $schema: _, ...part } = jsonSchema(schema, io, about);
  return part;
}

/** The event that EventBridge delivers for an entry. Consumers must accept additional members, so these objects are open. */
function delivered(source: z.ZodType, detailType: string, detail: z.ZodType) {
  return z.looseObject({
    version: z.string(),
    id: z.string().meta({ description: "EventBridge's own id, different on every delivery" }),
    'detail-type': z.literal(detailType),
    source,
    account: z.string(),
    time: z.string(),
    region: z.string().meta({ description: 'The Region whose bus it was first put on' }),
    resources: z.array(z.string()),
    detail,
  });
}

/** The entry of a producer: any source except Meridian's. */
function put(detailType: string, detail: z.ZodType): z.ZodType {
  return delivered(z.string().regex(/^(?!meridian\.)/, 'is reserved for Meridian'), detailType, detail);
}

/** An envelope of events for a stream of a type. On the bus its `id` is required. */
export function appendEnvelopeSchema(stream: StreamDefinition) {
  return z.strictObject({ ...envelopeMembers(stream), events: sentEventsSchema(stream) });
}

/** An envelope of a command for a stream of a type. On the bus its `id` is required. */
export function commandEnvelopeSchema(stream: StreamDefinition, command: string, input: z.ZodType) {
  return z.strictObject({ ...envelopeMembers(stream), command: z.literal(command), input });
}

/**
 * A transaction over streams of a domain; undefined if the domain has no streams that can take part. On the bus its `id` is
 * required.
 */
export function transactionRequestSchema(domain: Domain) {
  const members = (stream: StreamDefinition) => ({ stream: nameSchema(stream), expected: z.string().optional() });
  const participants = [...domain.streams.values()]
    .filter(({ mode }) => mode === 'home')
    .flatMap((stream) => [
      ...Object.entries(stream.commands).map(([command, { input }]) =>
        z.strictObject({ ...members(stream), command: z.literal(command), input }),
      ),
      z.strictObject({ ...members(stream), events: sentEventsSchema(stream) }),
    ]);
  if (participants.length === 0) return undefined;
  return transactionEnvelopeSchema.extend({
    participants: z.array(z.union(participants)).min(1).max(MAX_PARTICIPANTS),
    checks: z
      .array(checkedParticipantSchema)
      .max(MAX_PARTICIPANTS - 1)
      .optional(),
  });
}

function nameSchema({ type }: StreamDefinition) {
  return streamNameSchema.regex(new RegExp(`^${type}/`));
}

function envelopeMembers(stream: StreamDefinition) {
  return {
    id: commitIdSchema.optional(),
    stream: nameSchema(stream),
    [stream.mode === 'merge' ? 'basedOn' : 'expected']: z.string().optional(),
    meta: metaSchema.optional(),
  };
}

function sentEventsSchema(stream: StreamDefinition) {
  const sent = Object.entries(stream.events).flatMap(([type, event]) =>
    schemaVersionsOf(event).map(({ schemaVersion, schema }) =>
      z.strictObject({
        type: z.literal(type),
        // Optional: the current version by default.
        schemaVersion:
          schemaVersion === event.schemaVersion ? z.literal(schemaVersion).optional() : z.literal(schemaVersion),
        data: schema,
      }),
    ),
  );
  return z.array(z.union(sent)).min(1).max(MAX_EVENTS);
}

function published(
  { type: streamType }: StreamDefinition,
  type: string,
  { schemaVersion, schema }: EventVersion,
): z.ZodType {
  return delivered(
    z.literal(SOURCE_PREFIX + streamType),
    type,
    publishedSchema.extend({
      data: schema,
      schemaVersion: z.literal(schemaVersion).meta({ description: 'The schema version that the event was written in' }),
    }),
  );
}

function receipt(type: 'Accepted' | 'Rejected', detail: z.ZodType): z.ZodType {
  return delivered(z.literal(RECEIPT_SOURCE), type, detail);
}
