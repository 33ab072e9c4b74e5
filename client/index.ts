/** A client of a deployment, for Node, browsers and bundlers. It does not include the engine. */

export type { Problem } from '../core/facts/errors.ts';
export type { Health, TransactionShown } from '../core/wire/api.ts';
export type { Accepted } from '../core/wire/receipt.ts';
export type {
  ConflictOptions,
  ConflictPage,
  Consistency,
  ListedConflictOptions,
  ListedConflictPage,
} from './call.ts';
export type { Client, EventOf, StreamClient, ViewClient, WriteOptionsOf } from './client.ts';
export { client } from './client.ts';
export type { AnyCode, ClientCode, DetailsOf } from './error.ts';
export { ClientError, isClientError } from './error.ts';
export type { FollowOptions } from './follow.ts';
export type {
  CallOptions,
  ClientOptions,
  ClientRuntime,
  Credentials,
  Endpoint,
  Fetch,
  RetryPolicy,
} from './options.ts';
export { Session } from './session.ts';
export type { HomeWriteOptions, MergeWriteOptions, ReadOptions, ReadState } from './stream.ts';
export type { Committed, TransactOptions } from './transact.ts';
export type { ParticipantOf } from './types.ts';
export type { IncludeOptions, RowsOptions } from './view.ts';
