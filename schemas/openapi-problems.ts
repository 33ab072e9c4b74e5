import type { ErrorCode } from '../core/facts/errors.ts';
import { problemSchema } from '../core/facts/errors.ts';
import { schemaPart } from './documents.ts';
import { errorCodes, problemOf } from './problems.ts';

const everywhere = ['internal', 'unavailable'] as const;
const write = [
  ...['validation', 'version-conflict', 'id-reused', 'stream-busy', 'too-large', 'misdirected', 'rejected'],
  ...['not-caught-up', 'unreadable-event', 'region-unreachable', ...everywhere],
] as const;

const read = ['validation', 'not-caught-up', 'too-large', 'unreadable-event', ...everywhere] as const;

/** The problems that operations report, by kind of operation. */
const groups = {
  append: ['unknown-stream-type', 'unknown-event', 'unknown-command', 'quorum-unreachable', ...write],
  command: write,
  'command.strong': ['quorum-unreachable', ...write],
  read,
  'read.strong': ['quorum-unreachable', ...read],
  transact: ['validation', 'aborted', 'id-reused', 'too-large', 'misdirected', 'region-unreachable', ...everywhere],
  transaction: ['validation', 'not-found', 'misdirected', 'region-unreachable', ...everywhere],
  rows: ['validation', 'not-caught-up', 'too-large', ...everywhere],
  row: ['validation', 'not-found', 'not-caught-up', 'too-large', ...everywhere],
  list: ['validation', 'unknown-stream-type', ...everywhere],
  health: everywhere,
} as const satisfies Record<string, readonly ErrorCode[]>;

export type ProblemGroup = keyof typeof groups;

const OTHER = 'problem';

/** The schema of any problem. */
export const problemDocument: object = schemaPart(problemSchema, 'input');

/** Every problem and the responses that carry them, as components. */
export function problemComponents(): { readonly schemas: object; readonly responses: object } {
  return {
    schemas: {
      ...Object.fromEntries(
        errorCodes.map((code) => {
          const { means, schema } = problemOf(code);
          return [`Problem.${code}`, schemaPart(schema, 'input', { description: means })];
        }),
      ),
      Problem: problemDocument,
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(groups).flatMap(([group, codes]) =>
          [...byStatus(codes)].map(([status, those]) => [`${group}.${status}`, response(those)]),
        ),
      ),
      [OTHER]: {
        description: 'Any other problem. After a deployment its code may be one that this document does not list',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

/** The responses of an operation that reports such problems. */
export function problemResponses(group: ProblemGroup): object {
  return {
    ...Object.fromEntries(
      [...byStatus(groups[group]).keys()].map((status) => [
        status,
        { $ref: `#/components/responses/${group}.${status}` },
      ]),
    ),
    default: { $ref: `#/components/responses/${OTHER}` },
  };
}

function byStatus(codes: readonly ErrorCode[]): ReadonlyMap<number, readonly ErrorCode[]> {
  return Map.groupBy(codes, (code) => problemOf(code).status);
}

function response(codes: readonly ErrorCode[]) {
  const refer = (code: ErrorCode) => `#/components/schemas/Problem.${code}`;
  return {
    description: codes.map((code) => `\`${code}\`: ${problemOf(code).means}`).join('\n\n'),
    headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } },
    content: {
      'application/problem+json': {
        schema: {
          oneOf: codes.map((code) => ({ $ref: refer(code) })),
          discriminator: {
            propertyName: 'code',
            mapping: Object.fromEntries(codes.map((code) => [code, refer(code)])),
          },
        },
      },
    },
  };
}
