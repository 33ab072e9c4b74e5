import * as z from 'zod';
import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { checkEvents, checkInput, commandOf, homeOf, type StreamDefinition } from '../definition/stream.ts';
import { messageFaults } from '../facts/carried.ts';
import { faultsOf, invalid, listedFaults, MeridianError, refuseFaults } from '../facts/errors.ts';
import type { Fault } from '../facts/fault.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import { isObject, jsonBytes } from '../facts/json.ts';
import type { Operation } from '../facts/operation.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import {
  drivingRegionOf,
  isTransactionId,
  type Participant,
  type Transaction,
  transactionIdFault,
} from '../facts/transaction.ts';
import type { VersionVector } from '../facts/version.ts';
import {
  DEFAULT_TRANSACTION_MS,
  MAX_EVENTS,
  MAX_PARTICIPANTS,
  MAX_TRANSACTION_BYTES,
  MAX_TRANSACTION_MS,
} from '../limits/budgets.ts';
import { metaSchema, nameSchema, sentEventSchema, streamNameSchema } from './schemas.ts';
import { decodeVersionToken } from './version-token.ts';

export interface ParseTransactionPorts {
  readonly domain: Domain;
  readonly region: string;
  readonly regions: readonly string[];
  readonly runtime: { readonly newId: () => string; readonly digest: (text: string) => string };
}

const participantMembers = { stream: streamNameSchema, expected: z.string().optional() };
export const commandParticipantSchema = z.strictObject({
  ...participantMembers,
  command: nameSchema,
  input: z.unknown().optional(),
});
export const eventsParticipantSchema = z.strictObject({
  ...participantMembers,
  events: z.array(sentEventSchema).min(1, 'holds no event').max(MAX_EVENTS, `holds more than ${MAX_EVENTS} events`),
});
export const checkedParticipantSchema = z.strictObject({ stream: streamNameSchema, expected: z.string() });
const MAX_TIMEOUT_S = MAX_TRANSACTION_MS / 1000;

export const transactionEnvelopeSchema = z.strictObject({
  id: z.string().optional(),
  participants: z.array(z.unknown()).min(1, 'holds no participant'),
  checks: z.array(z.unknown()).default([]),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_S)
    .default(DEFAULT_TRANSACTION_MS / 1000),
  meta: metaSchema.default({}),
});

/** The state of parsing a transaction; it collects all faults, to report them together. */
interface Reading extends ParseTransactionPorts {
  readonly faults: Fault[];
  readonly streams: Set<string>;
  /** How many of the faults are of what the domain's definitions say, which may have changed since a first try. */
  ofDomain: number;
}

/**
 * Parses `{id?, participants: [{stream, command, input?, expected?} | {stream, events, expected?}], checks?:
 * [{stream, expected}], timeoutSeconds?, meta?}`. An id names the Region that will drive the transaction; without
 * one, an id of this Region is generated.
 * @returns with `faults` if it has an id, and the domain refuses an operation now: it may be a retry of one that was valid
 * @throws MeridianError `validation` with the path of every fault; `too-large`: over {@link MAX_TRANSACTION_BYTES} as
 *   JSON
 */
export function parseTransaction(ports: ParseTransactionPorts, body: unknown): Transaction {
  refuseFaults(messageFaults(body));
  const parsed = transactionEnvelopeSchema.safeParse(body);
  if (!parsed.success) throw invalid(faultsOf(parsed.error));
  const { id, participants: changes, checks, timeoutSeconds, meta } = parsed.data;
  const bytes = jsonBytes([changes, checks]);
  if (bytes > MAX_TRANSACTION_BYTES)
    throw new MeridianError(
      'too-large',
      `A transaction holds at most ${MAX_TRANSACTION_BYTES} bytes as JSON; this one has ${bytes}.`,
      { details: { bytes, limit: MAX_TRANSACTION_BYTES } },
    );
  const count = changes.length + checks.length;
  if (count > MAX_PARTICIPANTS)
    throw invalid([
      {
        path: 'participants',
        message: `and checks name ${count} streams; a transaction may have ${MAX_PARTICIPANTS}`,
      },
    ]);
  const reading: Reading = { ...ports, faults: [], streams: new Set(), ofDomain: 0 };
  if (id !== undefined) checkId(reading, id);
  const participants = [
    ...changes.map((one, i) => readParticipant(reading, one, `participants[${i}]`)),
    ...checks.map((one, i) => readCheck(reading, one, `checks[${i}]`)),
  ].flatMap((one) => one ?? []);
  const { faults, ofDomain } = reading;
  if (faults.length > ofDomain || (faults.length > 0 && id === undefined)) throw invalid(faults);
  return {
    id: id ?? `${ports.region}:${ports.runtime.newId()}`,
    participants,
    fingerprint: fingerprintOf(ports.runtime, participants),
    timeout: timeoutSeconds * 1000,
    meta,
    ...(id === undefined && { isNew: true }),
    ...(faults.length > 0 && { faults }),
  };
}

function checkId({ faults, regions }: Reading, id: string): void {
  if (!isTransactionId(id)) faults.push(transactionIdFault(String(regions[0])));
  else if (!regions.includes(drivingRegionOf(id)))
    faults.push({ path: 'id', message: `names a Region that is not one of ${regions.join(', ')}` });
}

function readParticipant(reading: Reading, value: unknown, path: string): Participant | undefined {
  const asks = ['command', 'events'].filter((kind) => isObject(value) && Object.hasOwn(value, kind));
  if (asks.length !== 1) {
    const message =
      asks.length > 1 ? 'has both a command and events: specify one of them' : 'has neither a command nor events';
    reading.faults.push({ path, message });
    return undefined;
  }
  const parsed = asks.includes('command')
    ? commandParticipantSchema.safeParse(value)
    : eventsParticipantSchema.safeParse(value);
  if (!parsed.success) {
    reading.faults.push(...faultsOf(parsed.error, path));
    return undefined;
  }
  const { stream, expected } = parsed.data;
  const definition = definitionOf(reading, stream, path);
  if (!definition) return undefined;
  const operation = 'command' in parsed.data ? commandIn(parsed.data) : eventsIn(parsed.data);
  checkOperation(reading, definition, operation, path);
  return { stream, operation, ...(expected !== undefined && { expected: versionIn(reading, stream, expected, path) }) };
}

function commandIn({ command, input }: z.output<typeof commandParticipantSchema>): Operation {
  return {
    kind: 'command',
    command,
    input,
  };
}
function eventsIn({ events }: z.output<typeof eventsParticipantSchema>): Operation {
  return { kind: 'events', events };
}

function readCheck(reading: Reading, value: unknown, path: string): Participant | undefined {
  const parsed = checkedParticipantSchema.safeParse(value);
  if (!parsed.success) {
    reading.faults.push(...faultsOf(parsed.error, path));
    return undefined;
  }
  const { stream, expected } = parsed.data;
  if (!definitionOf(reading, stream, path)) return undefined;
  return { stream, expected: versionIn(reading, stream, expected, path) };
}

/** The definition of a stream that can take part: it has a home or one log for all Regions, and is named only once. */
function definitionOf(reading: Reading, stream: string, path: string): StreamDefinition | undefined {
  const { domain, regions, streams } = reading;
  const once = !streams.has(stream);
  streams.add(stream);
  if (!once)
    reading.faults.push({ path: `${path}.stream`, message: `names ${stream} a second time: specify each stream once` });
  return orFault(reading, `${path}.stream`, () => {
    const ref = parseStreamRef(stream);
    const definition = streamTypeOf(domain, ref.type);
    homeOf(definition, ref, regions);
    if (definition.mode !== 'merge') return definition;
    throw new MeridianError(
      'validation',
      `${stream} is a merge stream: only home and strong streams take part in transactions`,
    );
  });
}

function versionIn(reading: Reading, stream: string, token: string, path: string): VersionVector | undefined {
  return orFault(reading, `${path}.expected`, () => decodeVersionToken(stream, token, `${path}.expected`));
}

function checkOperation(reading: Reading, definition: StreamDefinition, operation: Operation, path: string): void {
  const before = reading.faults.length;
  findFaults(reading, definition, operation, path);
  reading.ofDomain += reading.faults.length - before;
}

function findFaults(reading: Reading, definition: StreamDefinition, operation: Operation, path: string): void {
  if (operation.kind === 'events') {
    const known = orFault(reading, `${path}.events`, () => checkEvents(definition, operation.events));
    reading.faults.push(...(known?.faults ?? []).map((fault) => ({ ...fault, path: `${path}.${fault.path}` })));
    return;
  }
  const command = orFault(reading, `${path}.command`, () => commandOf(definition, operation.command));
  if (command) reading.faults.push(...checkInput(command, operation.input, `${path}.input`).faults);
}

/** Runs a parser, and records its failure as a fault. */
function orFault<T>({ faults }: Reading, path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MeridianError) || error.code === 'internal') throw error;
    faults.push(...(listedFaults(error) ?? [{ path, message: error.message }]));
    return undefined;
  }
}
