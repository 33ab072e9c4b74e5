import * as z from 'zod';
import { messageFaults } from '../facts/carried.ts';
import { refuseFaults, reportedProblem } from '../facts/errors.ts';
import { type DrivePorts, outcomeHere, runTransactionHere } from '../transaction/transact.ts';
import {
  appendRequestSchema,
  outcomeRequestSchema,
  type RemoteAnswer,
  transactRequestSchema,
} from '../wire/command.ts';
import { appendToStream } from '../write/append.ts';
import { adoptPassedOn } from '../write/home.ts';

const requestSchema = z.union([appendRequestSchema, transactRequestSchema, outcomeRequestSchema]);

/**
 * Handles a request passed on by another Region: an append to a stream whose home is here, a transaction driven from
 * here, or a query for an outcome. Input is JSON; errors are returned as problem documents.
 */
export async function submitHere(ports: DrivePorts, asked: unknown): Promise<RemoteAnswer> {
  try {
    // A Region that is not deployed yet may pass on what it did not check.
    refuseFaults(messageFaults(asked));
    const request = requestSchema.parse(asked);
    if ('transact' in request) return { outcome: await runTransactionHere(ports, request.transact, request.wait) };
    if ('outcomeOf' in request) return { outcome: await outcomeHere(ports, request.outcomeOf) };
    adoptPassedOn(ports, request.stream, request);
    return { appended: await appendToStream(ports, request) };
  } catch (error) {
    return { problem: reportedProblem(ports.runtime, error) };
  }
}
