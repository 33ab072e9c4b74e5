import * as z from 'zod';
import { toProblem } from '../errors.ts';
import { type Append, append } from '../log/append.ts';
import { versionSchema } from '../transaction/decisions.ts';
import { requestSchema, transactionSchema } from '../transaction/messages.ts';
import { type DrivePorts, outcomeHere, transactHere } from '../transaction/transact.ts';
import type { Outcome } from '../transaction/transaction.ts';
import { commitId, meta, streamName } from './envelope.ts';
import type { AppendAnswer } from './submit.ts';

/** What a Region's `command` function answers to another Region. */
export type RemoteAnswer = AppendAnswer | { readonly outcome: Outcome };

const appendRequest: z.ZodType<Append> = z.object({
  stream: streamName,
  commitId,
  request: requestSchema,
  expected: versionSchema.optional(),
  meta,
});
const transactRequest = z.object({ transact: transactionSchema, wait: z.number() });
const outcomeRequest = z.object({ outcomeOf: z.string() });

/**
 * What another Region passed on: an append to a stream that is at home here, a transaction that is driven from here, or the
 * question what became of one. Comes as JSON; errors go as problem documents.
 */
export async function submitHere(ports: DrivePorts, asked: unknown): Promise<RemoteAnswer> {
  try {
    const request = z.union([appendRequest, transactRequest, outcomeRequest]).parse(asked);
    if ('transact' in request) return { outcome: await transactHere(ports, request.transact, request.wait) };
    if ('outcomeOf' in request) return { outcome: await outcomeHere(ports, request.outcomeOf) };
    return { appended: await append(ports, request) };
  } catch (error) {
    return { problem: toProblem(error) };
  }
}
