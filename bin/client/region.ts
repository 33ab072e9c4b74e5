import * as z from 'zod';
import {
  type ActionInput,
  type ActionResult,
  encodeOperateRequest,
  type OperateRequest,
  type OperatorAction,
  operateAnswerSchema,
  operatorActions,
} from '../../core/index.ts';
import { CliError } from './cli-error.ts';
import type { ApiAnswer, ApiRequest } from './http.ts';
import { ProblemError, problemDocumentSchema } from './problem.ts';
import { retried } from './retry.ts';

/** How a Region is reached. */
export interface Transport {
  /** The Region, as it is told: its name, or its address. */
  readonly name: string;
  /** @throws CliError, MeridianError */
  readonly send: (request: ApiRequest) => Promise<ApiAnswer>;
  /** One invocation of `operate`. @throws CliError, MeridianError */
  readonly operate: (request: OperateRequest) => Promise<unknown>;
  /** Another Region of the same deployment. @throws CliError when its address cannot be told from this one's */
  readonly sibling: (region: string) => Transport;
}

const acceptedSchema = z.object({
  id: z.string(),
  stream: z.string(),
  version: z.string(),
  log: z.string().optional(),
  position: z.number().optional(),
});

/** What became of one envelope of many. An append without `log` had nothing to write. */
const outcomeSchema = z.union([z.object({ problem: problemDocumentSchema }), acceptedSchema]);

const participantSchema = z.object({ stream: z.string(), version: z.string(), log: z.string(), position: z.number() });

/** What is known of a transaction. */
const outcomeOfTransactionSchema = z.discriminatedUnion('state', [
  z.object({ id: z.string(), state: z.literal('undecided') }),
  z.object({ id: z.string(), state: z.literal('committed'), participants: z.array(participantSchema) }),
  z.object({
    id: z.string(),
    state: z.literal('aborted'),
    reason: problemDocumentSchema,
    /** The stream that caused it. */
    participant: z.string().optional(),
  }),
]);
export type OutcomeShown = z.output<typeof outcomeOfTransactionSchema>;

const streamStateSchema = z.object({
  stream: z.string(),
  state: z.unknown(),
  version: z.string(),
  mode: z.string(),
  region: z.string(),
});

const commitSchema = z.looseObject({
  log: z.string(),
  position: z.number(),
  commitId: z.string(),
  region: z.string(),
  hlc: z.string(),
  events: z.array(z.looseObject({ type: z.string(), data: z.unknown() })),
});
export type CommitShown = z.output<typeof commitSchema>;

const commitPageSchema = z.object({ commits: z.array(commitSchema), version: z.string(), next: z.string().optional() });

const rowSchema = z.object({ key: z.string(), value: z.unknown() });
export type RowShown = z.output<typeof rowSchema>;
const rowPageSchema = z.object({ rows: z.array(rowSchema), next: z.string().optional() });

const healthSchema = z.object({
  region: z.string(),
  seen: z.record(z.string(), z.object({ at: z.string(), ageMs: z.number() }).nullable()),
});
export type HealthShown = z.output<typeof healthSchema>;

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
    return this.#ask(z.array(outcomeSchema), { method: 'POST', path: '/events', body: `[${envelopes.join()}]` });
  }

  /**
   * Runs a transaction, which needs an id.
   * @param wait seconds to wait for its outcome; undefined: as long as the Region likes
   * @throws ProblemError `aborted`
   */
  transact(transaction: object, wait: number | undefined) {
    const headers = { prefer: wait === undefined ? undefined : `wait=${wait}` };
    const body = JSON.stringify(transaction);
    return this.#ask(outcomeOfTransactionSchema, { method: 'POST', path: '/transactions', headers, body });
  }

  /** What became of a transaction. @throws ProblemError `not-found`: nothing is recorded of it */
  transaction(id: string) {
    return this.#ask(outcomeOfTransactionSchema, { method: 'GET', path: `/transactions/${encodeURIComponent(id)}` });
  }

  /** One of the operator's actions. */
  operate<Name extends OperatorAction>(action: Name, input: ActionInput<Name>): Promise<ActionResult<Name>> {
    return retried(async () => {
      const { data } = operateAnswerSchema.safeParse(
        await this.#transport.operate(encodeOperateRequest(action, input)),
      );
      if (data && 'problem' in data) throw new ProblemError(data.problem);
      const result = operatorActions[action].result.safeParse(data?.result);
      if (!result.success)
        throw new CliError(
          'strange-answer',
          `${this.name} did not answer ${action} as expected: does it run this version of Meridian?`,
        );
      return result.data;
    });
  }

  /** @throws CliError, MeridianError, ProblemError */
  #ask<T>(shape: z.ZodType<T>, request: ApiRequest): Promise<T> {
    return retried(async () => {
      const { status, body } = await this.#transport.send(request);
      const json = parsed(body);
      const answer = shape.safeParse(json);
      if ((status === 200 || status === 202) && answer.success) return answer.data;
      const problem = problemDocumentSchema.safeParse(json);
      throw problem.success
        ? new ProblemError(problem.data, request.method === 'POST')
        : strange(this.name, status, body);
    });
  }
}

/** A stream's name as a path; what is no name, as one that the Region refuses with the reason. */
function pathOf(stream: string): string {
  const slash = stream.indexOf('/');
  if (slash === -1) throw new CliError('no-stream', `${stream} is not a stream: write <type>/<id>.`);
  return `${encodeURIComponent(stream.slice(0, slash))}/${encodeURIComponent(stream.slice(slash + 1))}`;
}

/** @returns undefined for what is not JSON */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** An answer that no Region of Meridian gives. */
function strange(name: string, status: number, body: string): CliError {
  if (status === 403)
    return new CliError(
      'forbidden',
      `${name} does not take the signature: your credentials need lambda:InvokeFunctionUrl and lambda:InvokeFunction on the api function.`,
    );
  if (status === 413)
    return new CliError(
      'too-large',
      `${name} takes no request of that size: a Function URL carries 6 MB, one append 5 MB.`,
    );
  if (status === 429 || status >= 500)
    return new CliError('broken', `${name} answered ${status}: ${body.slice(0, 200)}. Try again.`);
  return new CliError(
    'strange-answer',
    `${name} answered ${status}, but not as a Region of Meridian does: check the address.`,
  );
}
