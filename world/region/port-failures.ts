import { sdkError } from '../../adapters/sdk/sdk-error.ts';
import {
  DATABASE_MS,
  MESSAGING_MS,
  OWN_QUEUE_MS,
  REMOTE_MS,
  RESOLVER_DATABASE_MS,
  SNAPSHOT_MS,
  SUBSCRIBER_PLACEMENT_MS,
  TRANSACTION_DATABASE_MS,
} from '../../core/limits/budgets.ts';
import { FUNCTIONS } from '../../core/limits/functions.ts';

/** A call of a port. */
export interface PortCall {
  /** The name of the port, like `events`. */
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** The ports of DynamoDB. */
const TABLES: readonly string[] = [
  ...['events', 'decisions', 'snapshots', 'views', 'sightings', 'ledger', 'placements', 'progress'],
];
const REMOTES: readonly string[] = ['remote', 'participants', 'turns'];

export function isTable(port: string): boolean {
  return TABLES.includes(port);
}

/**
 * The error of a call that failed, as the adapters throw it.
 * @param name of the error of the SDK
 */
export function failureOf({ port, method }: Pick<PortCall, 'port' | 'method'>, name: string): unknown {
  const error = Object.assign(new Error('It did not respond.'), { name, $metadata: {} });
  return sdkError(`call ${port}.${method}`, error, REMOTES.includes(port) ? 'region-unreachable' : 'unavailable');
}

/** Milliseconds after which a function's call of a port is given up. */
export function timeLimitOf(of: string, { port, method, args }: PortCall): number {
  if (REMOTES.includes(port)) return Number(args[2] ?? REMOTE_MS);
  if (port === 'snapshots') return SNAPSHOT_MS;
  if (port === 'events' || port === 'decisions') {
    const limit = databaseLimitOf(of);
    return method === 'find' ? Math.min(limit, withinOf(args[2]) ?? limit) : limit;
  }
  if (port === 'placements' && !Object.hasOwn(FUNCTIONS, of)) return SUBSCRIBER_PLACEMENT_MS;
  if (isTable(port)) return DATABASE_MS;
  return port === 'waiting' || (port === 'ahead' && of === 'projection') ? OWN_QUEUE_MS : MESSAGING_MS;
}

function databaseLimitOf(of: string): number {
  if (of === 'resolver') return RESOLVER_DATABASE_MS;
  return ['coordinate', 'participant', 'turn'].includes(of) ? TRANSACTION_DATABASE_MS : DATABASE_MS;
}

function withinOf(options: unknown): number | undefined {
  return options instanceof Object && 'within' in options && typeof options.within === 'number'
    ? options.within
    : undefined;
}
