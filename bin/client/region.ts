import * as z from 'zod';
import {
  type ApiRequest,
  type Call,
  type ConflictOptions,
  commitsCall,
  conflictsCall,
  healthCall,
  type ListedConflictOptions,
  ledgerCall,
  type PageOptions,
  rowCall,
  rowsCall,
  type SeenOptions,
  type StateOptions,
  type StreamParts,
  stateCall,
  submitAllCall,
  submitCall,
  transactCall,
  transactionCall,
  type WaitOptions,
} from '../../client/call.ts';
import { type ClientError, clientError, isClientError, problemError } from '../../client/error.ts';
import { Regions } from '../../client/regions.ts';
import { retried } from '../../client/retry.ts';
import { Session } from '../../client/session.ts';
import { type AnyParticipant, type Committed, type TransactOptions, transact } from '../../client/transact.ts';
import {
  type ActionInput,
  type ActionResult,
  encodeOperateRequest,
  type OperatorAction,
  operateAnswerSchema,
  operatorActions,
} from '../../core/wire/operate.ts';
import { CliError } from './cli-error.ts';
import { isRetryable } from './problem.ts';
import type { Transport } from './transport.ts';

/** A Region's API and its operator actions. Temporary failures are retried, so every append needs an id. */
export class Region {
  readonly #transport: Transport;
  readonly #regions: Regions;
  readonly #once: Regions;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#regions = new Regions(transport.client);
    this.#once = new Regions({ ...transport.client, retry: { tries: 1 } });
  }

  /** The Region as shown to people: its name, or its address. */
  get name(): string {
    return this.#regions.region;
  }

  /** Another Region of the same deployment. @throws CliError when its address cannot be derived from this one's */
  sibling(region: string): Region {
    return new Region(this.#transport.sibling(region));
  }

  health() {
    return this.#ask(healthCall);
  }

  stream(stream: string, options: StateOptions = {}) {
    return this.#ask(stateCall(partsOf(stream), options));
  }

  commits(stream: string, page: PageOptions & WaitOptions) {
    return this.#ask(commitsCall(partsOf(stream), page));
  }

  conflicts(stream: string, asked: ConflictOptions & WaitOptions, atLeast?: string) {
    return this.#ask(conflictsCall(partsOf(stream), asked, atLeast));
  }

  ledger(asked: ListedConflictOptions) {
    return this.#ask(ledgerCall(asked));
  }

  rows(view: string, page: PageOptions & SeenOptions) {
    return this.#ask(rowsCall(view, page));
  }

  row(view: string, key: string, seen: SeenOptions = {}) {
    return this.#ask(rowCall(view, key, seen));
  }

  /** Appends events or runs a command. */
  submit(envelope: Parameters<typeof submitCall>[0]) {
    return this.#ask(submitCall(envelope));
  }

  /** @param envelopes up to 100, each as JSON */
  submitAll(envelopes: readonly string[]) {
    return this.#ask(submitAllCall(envelopes));
  }

  /**
   * Runs a transaction, which needs an id.
   * @param wait seconds to wait for its outcome; undefined: the Region's default
   * @throws ClientError `aborted`
   */
  transact(transaction: Parameters<typeof transactCall>[0], wait: number | undefined) {
    return this.#ask(transactCall(transaction, wait));
  }

  /** Runs a transaction that this Region drives, and waits for its outcome. @throws ClientError `aborted`, `undecided` */
  transactToEnd(participants: readonly AnyParticipant[], options: TransactOptions): Promise<Committed> {
    return this.#hinted(transact(this.#regions, new Session(), participants, options));
  }

  /** The outcome of a transaction. @throws ClientError `not-found`: there is no record of the transaction */
  transaction(id: string) {
    return this.#ask(transactionCall(id));
  }

  /** Sends a request once, whatever comes of it. @throws ClientError */
  async once(request: ApiRequest): Promise<unknown> {
    const { answer } = await this.#once.ask({ request, answer: z.unknown() }, { only: true });
    return answer;
  }

  /** Runs an operator action. @throws CliError, ClientError, MeridianError */
  operate<Name extends OperatorAction>(action: Name, input: ActionInput<Name>): Promise<ActionResult<Name>> {
    return retried(this.#regions.runtime, isRetryable, async () => {
      const answered = await this.#hinted(this.#transport.operate(encodeOperateRequest(action, input)));
      const { data } = operateAnswerSchema.safeParse(answered);
      if (data && 'problem' in data) throw problemError(data.problem, this.name);
      const result = operatorActions[action].result.safeParse(data?.result);
      if (result.success) return result.data;
      throw clientError(
        'unexpected-answer',
        `${this.name} did not respond to ${action} as expected. Check that it runs this version of Meridian.`,
      );
    });
  }

  /** @throws ClientError */
  async #ask<T>(call: Call<T>): Promise<T> {
    const { answer } = await this.#hinted(this.#regions.ask(call, { only: true }));
    return answer;
  }

  async #hinted<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw isClientError(error, 'unreachable') ? hinted(error, this.#transport.hint) : error;
    }
  }
}

/** Makes the error for an address where nothing listens. Its message says what to do. */
export function hinted(error: ClientError, hint: string): ClientError {
  return clientError('unreachable', `${error.message}${hint}`, { cause: error });
}

/** The parts of a stream's name. A malformed name is passed on: the Region refuses it with the reason. */
function partsOf(stream: string): StreamParts {
  const slash = stream.indexOf('/');
  if (slash === -1) throw new CliError('no-stream', `${stream} is not a stream: write <type>/<id>.`);
  return { type: stream.slice(0, slash), id: stream.slice(slash + 1) };
}
