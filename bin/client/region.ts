import * as z from 'zod';
import {
  type ActionInput,
  type ActionResult,
  acceptedSchema,
  commitPageSchema,
  healthSchema,
  type OperatorAction,
  parseJson,
  problemSchema,
  rowPageSchema,
  rowSchema,
  streamStateSchema,
  submittedSchema,
  transactionShownSchema,
} from '../../core/index.ts';
import { CliError } from './cli-error.ts';
import type { ApiRequest } from './http.ts';
import { operateOn } from './operator.ts';
import { ProblemError } from './problem.ts';
import { retried } from './retry.ts';
import type { Transport } from './transport.ts';
import { unexpectedAnswer } from './unexpected-answer.ts';

/** A Region's API and its operator's actions. What may pass is tried several times, so every append needs an id. */
export class Region {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get name(): string {
    return this.#transport.name;
  }

  /** Another Region of the same deployment. @throws CliError when its address cannot be told from this one's */
  sibling(region: string): Region {
    return new Region(this.#transport.sibling(region));
  }

  health() {
    return this.#ask(healthSchema, { method: 'GET', path: '/health' });
  }

  stream(stream: string, atLeast: string | undefined) {
    const headers = { 'if-at-least': atLeast };
    return this.#ask(streamStateSchema, { method: 'GET', path: `/streams/${pathOf(stream)}`, headers });
  }

  commits(stream: string, after: string | undefined, limit: number) {
    const query = { after, limit: String(limit) };
    return this.#ask(commitPageSchema, { method: 'GET', path: `/streams/${pathOf(stream)}/events`, query });
  }

  rows(view: string, after: string | undefined, limit: number) {
    const query = { after, limit: String(limit) };
    return this.#ask(rowPageSchema, { method: 'GET', path: `/views/${encodeURIComponent(view)}`, query });
  }

  row(view: string, key: string) {
    return this.#ask(rowSchema, {
      method: 'GET',
      path: `/views/${encodeURIComponent(view)}/${encodeURIComponent(key)}`,
    });
  }

  /** Appends events or runs a command. */
  submit(envelope: object) {
    return this.#ask(acceptedSchema, { method: 'POST', path: '/events', body: JSON.stringify(envelope) });
  }

  /** @param envelopes up to 100, each as JSON */
  submitAll(envelopes: readonly string[]) {
    return this.#ask(z.array(submittedSchema), { method: 'POST', path: '/events', body: `[${envelopes.join()}]` });
  }

  /**
   * Runs a transaction, which needs an id.
   * @param wait seconds to wait for its outcome; undefined: as long as the Region likes
   * @throws ProblemError `aborted`
   */
  transact(transaction: object, wait: number | undefined) {
    const headers = { prefer: wait === undefined ? undefined : `wait=${wait}` };
    const body = JSON.stringify(transaction);
    return this.#ask(transactionShownSchema, { method: 'POST', path: '/transactions', headers, body });
  }

  /** What became of a transaction. @throws ProblemError `not-found`: nothing is recorded of it */
  transaction(id: string) {
    return this.#ask(transactionShownSchema, { method: 'GET', path: `/transactions/${encodeURIComponent(id)}` });
  }

  /** One of the operator's actions. */
  operate<Name extends OperatorAction>(action: Name, input: ActionInput<Name>): Promise<ActionResult<Name>> {
    return operateOn(this.#transport, action, input);
  }

  /** @throws CliError, MeridianError, ProblemError */
  #ask<T>(shape: z.ZodType<T>, request: ApiRequest): Promise<T> {
    return retried(async () => {
      const { status, body } = await this.#transport.send(request);
      const json = parseJson(body);
      const answer = shape.safeParse(json);
      if ((status === 200 || status === 202) && answer.success) return answer.data;
      const problem = problemSchema.safeParse(json);
      throw problem.success
        ? new ProblemError(problem.data, request.method === 'POST')
        : unexpectedAnswer(this.name, status, body);
    });
  }
}

/** A stream's name as a path; what is no name, as one that the Region refuses with the reason. */
function pathOf(stream: string): string {
  const slash = stream.indexOf('/');
  if (slash === -1) throw new CliError('no-stream', `${stream} is not a stream: write <type>/<id>.`);
  return `${encodeURIComponent(stream.slice(0, slash))}/${encodeURIComponent(stream.slice(slash + 1))}`;
}
