import * as z from 'zod';
import type { Mode } from '../core/definition/conflicts.ts';
import type { Domain } from '../core/definition/domain.ts';
import { schemaVersionsOf } from '../core/definition/event-version.ts';
import { hasEscrow, type StreamDefinition } from '../core/definition/stream.ts';
import type { ViewDefinition } from '../core/definition/view.ts';
import { TRANSACTION_ID } from '../core/facts/transaction.ts';
import { MAX_ENVELOPES } from '../core/limits/budgets.ts';
import {
  commitPageSchema,
  conflictPageSchema,
  healthSchema,
  listedPageSchema,
  liveSchema,
  rowPageSchema,
  rowSchema,
  streamStateSchema,
  submittedSchema,
  transactionShownSchema,
} from '../core/wire/api.ts';
import { acceptedSchema } from '../core/wire/receipt.ts';
import { appendEnvelopeSchema, commandEnvelopeSchema, schemaPart, transactionRequestSchema } from './documents.ts';
import { parameters, responseHeaders } from './openapi-parts.ts';
import { type ProblemGroup, problemComponents, problemDocument, problemResponses } from './openapi-problems.ts';

interface Schemas {
  /** Names a schema as a component, and refers to it. */
  readonly add: (name: string, schema: z.ZodType, io?: 'input' | 'output') => Reference;
  readonly components: Record<string, unknown>;
}

interface Reference {
  readonly $ref: string;
}

type Path = readonly [path: string, operations: Readonly<Record<string, object>>];

/**
 * The OpenAPI 3.1 document of a Region's HTTP API, for the streams and views of a domain. Paths name stream types, commands and
 * views; states and the rows of most views have no schema, so they are described as any JSON.
 */
export function openApi(domain: Domain) {
  const schemas = newSchemas();
  const streams = [...domain.streams.values()];
  const paths: readonly Path[] = [
    ...(streams.length > 0 ? [eventsPath(streams, schemas)] : []),
    ...streams.flatMap((stream) => [
      ...Object.entries(stream.commands).map(([name, { input }]) => commandPath(stream, name, input, schemas)),
      statePath(stream, schemas),
      commitsPath(stream, schemas),
      conflictsPath(stream, schemas),
    ]),
    ...transactionPaths(domain, schemas),
    ...[...domain.views.values()].flatMap((view) => [rowsPath(view, schemas), rowPath(view, schemas)]),
    ledgerPath(schemas),
    healthPath(schemas),
    livePath(schemas),
  ];
  const problems = problemComponents();
  return {
    openapi: '3.1.0',
    info: {
      title: 'Meridian: the HTTP API of a Region',
      version: '1.0.0',
      description:
        'Every Region serves this API, and any Region may be asked. An error is a problem document (RFC 9457): distinguish ' +
        'problems by `code`, and retry only those with `retryable`, with the same id. Ignore members that you do not know. ' +
        'HEAD is accepted wherever GET is. Every response has a `Warning` if the query has a parameter that was ignored.',
    },
    servers: [
      {
        url: 'https://{host}',
        description: 'The Function URL of a Region',
        variables: { host: { default: 'example.lambda-url.us-east-1.on.aws' } },
      },
      {
        url: 'http://127.0.0.1:{port}/regions/{region}',
        description: 'A Region of `meridian start`, which accepts requests without a signature',
        variables: { port: { default: '4700' }, region: { default: 'us-east-1' } },
      },
    ],
    security: [{ sigv4: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description:
            'AWS Signature Version 4, service `lambda`, by an identity that may call lambda:InvokeFunctionUrl on the function',
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
      },
      parameters,
      headers: responseHeaders,
      responses: problems.responses,
      schemas: { ...schemas.components, ...problems.schemas },
    },
  };
}

function newSchemas(): Schemas {
  const components: Record<string, unknown> = {};
  return {
    components,
    // `io` is `input` by default, because sent data must remain open to additional members, while a parser's output is
    // closed.
    add(name, schema, io = 'input') {
      const key = componentName(name);
      components[key] = fromRoot(schemaPart(schema, io), `#/components/schemas/${key}`);
      return { $ref: `#/components/schemas/${key}` };
    },
  };
}

/**
 * The name in the characters that OpenAPI allows. Another character is written as its code, `_x20_`; so is an underscore that looks
 * like the start of one, so that no two names become the same.
 */
export function componentName(name: string): string {
  return name.replaceAll(
    /_(?=x[0-9a-f]+[^A-Za-z0-9.-])|[^A-Za-z0-9._-]/gu,
    (character) => `_x${character.codePointAt(0)?.toString(16)}_`,
  );
}

/** A component's schema, for use within another one. */
function referTo(reference: Reference): z.ZodType {
  return z.unknown().meta({ ...reference });
}

const PROBLEM = JSON.stringify(problemDocument);

/**
 * A schema as a part of the document: its references are relative to the root, and a problem document refers to its component.
 */
function fromRoot(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((each) => fromRoot(each, at));
  if (typeof value !== 'object' || value === null) return value;
  if (JSON.stringify(value) === PROBLEM) return { $ref: '#/components/schemas/Problem' };
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? member.replace(/^#(?!\/components\/)/, at) : fromRoot(member, at),
    ]),
  );
}

function eventsPath(streams: readonly StreamDefinition[], { add }: Schemas): Path {
  const envelopes = streams.flatMap((stream) => [
    ...(Object.keys(stream.events).length > 0 && !hasEscrow(stream)
      ? [add(`Append.${stream.type}`, appendEnvelopeSchema(stream))]
      : []),
    ...Object.entries(stream.commands).map(([command, { input }]) =>
      add(`Command.${stream.type}.${command}`, commandEnvelopeSchema(stream, command, input)),
    ),
  ]);
  const envelope = add('Envelope', z.union(envelopes.map(referTo)));
  const accepted = add('Accepted', acceptedSchema);
  const submitted = { type: 'array', items: add('Submitted', submittedSchema) };
  return [
    '/events',
    {
      post: {
        operationId: 'append',
        tags: ['events'],
        summary: 'Append events or run commands: one envelope, or several at once',
        description:
          'If there are several envelopes, each has its own result, in the same order. Envelopes of the same stream are processed in order. ' +
          'A retry of an envelope without an `id` appends again.',
        parameters: [parameter('traceparent')],
        requestBody: body({
          anyOf: [envelope, { type: 'array', maxItems: MAX_ENVELOPES, items: envelope }],
        }),
        responses: responses('append', {
          description: 'The envelope was committed. For several envelopes: the result of each',
          headers: { ETag: header('ETag') },
          ...json({ anyOf: [accepted, submitted] }),
        }),
      },
    },
  ];
}

function commandPath(stream: StreamDefinition, name: string, input: z.ZodType, { add }: Schemas): Path {
  const { type, mode } = stream;
  return [
    `/streams/${type}/{id}/commands/${encodeURIComponent(name)}`,
    {
      post: {
        operationId: `command.${type}.${name}`,
        tags: [type],
        summary: `Run the command ${name} on a ${type} stream`,
        parameters: [
          parameter('id'),
          parameter('Idempotency-Key'),
          parameter(mode === 'merge' ? 'If-Match.merge' : 'If-Match.home'),
          parameter('traceparent'),
        ],
        requestBody: { ...body(add(`Input.${type}.${name}`, input)), required: !input.safeParse(undefined).success },
        responses: responses(problemsOf('command', mode), {
          description: 'The command was accepted. Without `log` and `position` there was nothing to change.',
          headers: { ETag: header('ETag') },
          ...json(add('Accepted', acceptedSchema)),
        }),
      },
    },
  ];
}

function statePath({ type, mode }: StreamDefinition, { add }: Schemas): Path {
  return [
    `/streams/${type}/{id}`,
    {
      get: {
        operationId: `state.${type}`,
        tags: [type],
        summary: `Read the state of a ${type} stream, as ${mode === 'strong' ? 'it is in all Regions' : 'the Region has seen it'}, or at an earlier point`,
        parameters: [
          parameter('id'),
          parameter('at'),
          ...(mode === 'strong' ? [parameter('consistency')] : []),
          parameter('If-At-Least'),
          parameter('Prefer.read'),
        ],
        responses: responses(problemsOf('read', mode), {
          description: 'The state and its version. A stream without events has the initial state.',
          headers: { ETag: header('ETag'), 'Preference-Applied': header('Preference-Applied') },
          ...json(add(`State.${type}`, streamStateSchema.extend({ mode: z.literal(mode) }))),
        }),
      },
    },
  ];
}

/** The problems of a type's operation: a strong stream needs a majority of the Regions. */
function problemsOf(kind: 'command' | 'read', mode: Mode) {
  return mode === 'strong' ? (`${kind}.strong` as const) : kind;
}

function commitsPath(stream: StreamDefinition, schemas: Schemas): Path {
  const { type } = stream;
  const shownSchema = commitSchema.extend({ events: z.array(storedSchema(stream, schemas)) });
  return [
    `/streams/${type}/{id}/events`,
    {
      get: {
        operationId: `commits.${type}`,
        tags: [type],
        summary: `Read the commits of a ${type} stream, one page at a time`,
        description: 'To follow a stream, send the `version` of the last page as `after`.',
        parameters: [parameter('id'), parameter('after.version'), parameter('limit'), parameter('Prefer.read')],
        responses: responses(problemsOf('read', stream.mode), {
          description: 'The commits that `after` does not cover, in fold order; `next` is present if there are more',
          headers: { 'Preference-Applied': header('Preference-Applied') },
          ...json(schemas.add(`Commits.${type}`, commitPageSchema.extend({ commits: z.array(shownSchema) }))),
        }),
      },
    },
  ];
}

function conflictsPath({ type, mode }: StreamDefinition, { add }: Schemas): Path {
  return [
    `/streams/${type}/{id}/conflicts`,
    {
      get: {
        operationId: `conflicts.${type}`,
        tags: [type],
        summary: `Read the conflicts of a ${type} stream, one page at a time`,
        description: 'Commits whose writers had not seen each other. For the next page, send `next` as `after`.',
        parameters: [
          parameter('id'),
          parameter('after.conflict'),
          parameter('limit'),
          parameter('open'),
          parameter('If-At-Least'),
          parameter('Prefer.read'),
        ],
        responses: responses(problemsOf('read', mode), {
          description: 'The conflicts in fold order; `next` is present if there are more',
          headers: { ETag: header('ETag'), 'Preference-Applied': header('Preference-Applied') },
          ...json(add('Conflicts', conflictPageSchema)),
        }),
      },
    },
  ];
}

function ledgerPath({ add }: Schemas): Path {
  return [
    '/conflicts',
    {
      get: {
        operationId: 'conflicts',
        tags: ['conflicts'],
        summary: 'List the conflicts of all streams, one page at a time',
        description:
          'In the order in which their commits were written, as far as the Regions have listed them. For the next page, send `next` as `after`.',
        parameters: [
          parameter('stream'),
          parameter('type'),
          parameter('open'),
          parameter('from'),
          parameter('to'),
          parameter('after.conflict'),
          parameter('limit'),
        ],
        responses: responses('list', {
          description: 'The conflicts; `next` is present if there may be more. A page with `next` may be empty.',
          ...json(add('ListedConflicts', listedPageSchema)),
        }),
      },
    },
  ];
}

const commitSchema = commitPageSchema.shape.commits.element;

/** A stored event, in any of its versions. */
function storedSchema({ type: streamType, events }: StreamDefinition, { add }: Schemas): z.ZodType {
  const eventSchema = commitSchema.shape.events.element;
  const versions = Object.entries(events).flatMap(([type, event]) =>
    schemaVersionsOf(event).map(({ schemaVersion, schema }) =>
      eventSchema.extend({
        type: z.literal(type),
        schemaVersion: z.literal(schemaVersion),
        data: referTo(add(`Event.${streamType}.${type}.${schemaVersion}`, schema, 'output')),
      }),
    ),
  );
  return versions.length > 0 ? z.union(versions) : eventSchema;
}

function transactionPaths(domain: Domain, { add }: Schemas): readonly Path[] {
  const request = transactionRequestSchema(domain);
  if (!request) return [];
  const idSchema = z
    .string()
    .regex(TRANSACTION_ID)
    .meta({ description: '`<Region>:<key>`: this Region drives the transaction' });
  const states = transactionShownSchema.options.map((state) => add(`Transaction.${state.shape.state.value}`, state));
  const shown = add('Transaction', z.union(states.map(referTo)));
  const undecided = {
    description: 'The transaction was still undecided after the wait: query it at `Location`',
    headers: {
      Location: header('Location'),
      'Retry-After': header('Retry-After'),
      'Preference-Applied': header('Preference-Applied'),
    },
    ...json(shown),
  };
  const post = {
    operationId: 'transact',
    tags: ['transactions'],
    summary: 'Change several streams together, or none of them',
    parameters: [parameter('Idempotency-Key.transaction'), parameter('Prefer'), parameter('traceparent')],
    requestBody: body(add('TransactionRequest', request.extend({ id: idSchema.optional() }))),
    responses: responses(
      'transact',
      {
        description: 'The transaction was committed: every participant, with its version and position',
        headers: { 'Preference-Applied': header('Preference-Applied') },
        ...json(shown),
      },
      { 202: undecided },
    ),
  };
  const get = {
    operationId: 'transaction',
    tags: ['transactions'],
    summary: 'Read the outcome of a transaction',
    parameters: [parameter('id.transaction')],
    responses: responses('transaction', { description: 'The known state of the transaction', ...json(shown) }),
  };
  return [
    ['/transactions', { post }],
    ['/transactions/{id}', { get }],
  ];
}

/** Sums are numbers by field, unless the view presents them differently; only the view's code knows the form of other rows. */
function valueSchema(view: ViewDefinition): z.ZodType {
  return view.kind === 'totals' && !view.present ? z.record(z.string(), z.int()) : z.unknown();
}

function rowsPath(view: ViewDefinition, { add }: Schemas): Path {
  const { name } = view;
  const shownSchema = rowPageSchema.shape.rows.element.extend({ value: valueSchema(view) });
  return [
    `/views/${name}`,
    {
      get: {
        operationId: `rows.${name}`,
        tags: [`view ${name}`],
        summary: `Read the rows of the view ${name}, one page at a time`,
        description: 'For the next page, send `next` as `after`.',
        parameters: [
          ...[parameter('after.key'), parameter('limit')],
          ...[parameter('If-At-Least.view'), parameter('Prefer.read')],
        ],
        responses: responses('rows', {
          description: 'Rows in the order of their keys; `next` is present if there are more',
          headers: { 'Preference-Applied': header('Preference-Applied') },
          ...json(add(`Rows.${name}`, rowPageSchema.extend({ rows: z.array(shownSchema) }))),
        }),
      },
    },
  ];
}

function rowPath(view: ViewDefinition, { add }: Schemas): Path {
  const { name } = view;
  return [
    `/views/${name}/{key}`,
    {
      get: {
        operationId: `row.${name}`,
        tags: [`view ${name}`],
        summary: `Read one row of the view ${name}`,
        parameters: [parameter('key'), parameter('If-At-Least.view'), parameter('Prefer.read')],
        responses: responses('row', {
          description: 'The row',
          headers: { 'Preference-Applied': header('Preference-Applied') },
          ...json(add(`Row.${name}`, rowSchema.extend({ value: valueSchema(view) }))),
        }),
      },
    },
  ];
}

function healthPath({ add }: Schemas): Path {
  return [
    '/health',
    {
      get: {
        operationId: 'health',
        tags: ['health'],
        summary: 'Read how up to date this Region is with every Region',
        responses: responses('health', {
          description:
            'The newest commit that has arrived from each Region, or null if none has. `version` is the version of Meridian.',
          ...json(add('Health', healthSchema)),
        }),
      },
    },
  ];
}

function livePath({ add }: Schemas): Path {
  return [
    '/health/live',
    {
      get: {
        operationId: 'live',
        tags: ['health'],
        summary: 'Whether this Region can serve',
        description:
          "Reads one item of the Region's own table, in at most a second. The output `LiveUrl` of a Region's stack is an address of this path that needs no signature.",
        security: [{ sigv4: [] }, {}],
        responses: responses('health', { description: 'It can', ...json(add('Live', liveSchema)) }),
      },
    },
  ];
}

function json(schema: object) {
  return { content: { 'application/json': { schema } } };
}

function body(schema: object) {
  return { required: true, ...json(schema) };
}

function parameter(name: keyof typeof parameters): Reference {
  return { $ref: `#/components/parameters/${name}` };
}

function header(name: keyof typeof responseHeaders): Reference {
  return { $ref: `#/components/headers/${name}` };
}

interface Success {
  readonly description: string;
  readonly content: object;
  readonly headers?: Readonly<Record<string, Reference>>;
}

function responses(group: ProblemGroup, success: Success, others: Readonly<Record<string, Success>> = {}): object {
  const all = Object.entries({ 200: success, ...others }).map(([status, response]) => [
    status,
    { ...response, headers: { ...response.headers, Warning: header('Warning') } },
  ]);
  return { ...Object.fromEntries(all), ...problemResponses(group) };
}
