import * as z from 'zod';
import { toProblem } from '../facts/errors.ts';
import { type DrivePorts, outcomeHere, runTransactionHere } from '../transaction/transact.ts';
import {
  appendRequestSchema,
  outcomeRequestSchema,
  type RemoteAnswer,
  transactRequestSchema,
} from '../wire/command.ts';
import { appendToStream } from '../write/append.ts';

/**
 * What another Region passed on: an append to a stream that is at home here, a transaction that is driven from here, or the
 * question what became of one. Comes as JSON; errors go as problem documents.
 */
export async function submitHere(ports: DrivePorts, asked: unknown): Promise<RemoteAnswer> {
  try {
    const request = z.union([appendRequestSchema, transactRequestSchema, outcomeRequestSchema]).parse(asked);
    if ('transact' in request) return { outcome: await runTransactionHere(ports, request.transact, request.wait) };
    if ('outcomeOf' in request) return { outcome: await outcomeHere(ports, request.outcomeOf) };
    return { appended: await appendToStream(ports, request) };
  } catch (error) {
    return { problem: toProblem(error) };
  }
}
