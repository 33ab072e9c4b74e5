import * as z from 'zod';
import type { Effect, LineOf, OperationLine } from '../checkers/history.ts';
import { problemDetailsSchema, streamStateSchema, transactionShownSchema, type VersionVector } from '../core/index.ts';
import type { TransactionShown } from '../core/wire/api.ts';
import { readVersionToken } from '../core/wire/version-token.ts';
import type { Operation } from './operation.ts';
import type { Head, Recorder } from './recorder.ts';
import { type Use, useOf, type Workload } from './workload.ts';

type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** What a session knows of a stream. */
interface Seen {
  readonly token: string;
  readonly version: VersionVector;
  /** Undefined if it has not read the state at that version. */
  readonly state?: { readonly is: unknown };
}

/** A stream that a transaction checks, as its session has seen it. */
interface Checked {
  readonly stream: string;
  readonly token: string;
  readonly version: VersionVector;
  readonly state: unknown;
}

/** A request to the API of a Region. */
export interface Request {
  readonly method: 'GET' | 'POST';
  /** Percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** What a session needs of the place that it runs in. */
export interface Surroundings {
  /** Sends a request once. @returns undefined if there was no response */
  ask(region: string, request: Request): Promise<Reply | undefined>;
  /** Puts a command on a Region's bus. */
  put(region: string, detail: object): Promise<void>;
  sleep(milliseconds: number): Promise<void>;
}

/** How often a client sends an operation again whose fate is unknown, and how often it asks for an outcome. */
const TRIES = 3;
const ASKS = 40;
const PAUSE_MS = 1_000;

export interface SessionOptions {
  readonly workload: Workload;
  readonly surroundings: Surroundings;
  readonly recorder: Recorder;
  readonly name: string;
}

/** A client: it sends one operation after the other, and remembers what it has seen. */
export class Session {
  readonly #options: SessionOptions;
  readonly #seen = new Map<string, Seen>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Sends an operation when the earlier ones are over; resolves when it is over. @param id of the append or the transaction's key */
  send(operation: Operation, id: string): Promise<void> {
    this.#last = this.#last.then(() => this.#send(operation, id));
    return this.#last;
  }

  async #send(operation: Operation, id: string): Promise<void> {
    switch (operation.kind) {
      case 'append':
        return this.#append(operation, operation.id ?? id);
      case 'read':
        return this.#read(operation);
      case 'transact':
        return this.#transact(operation, `${operation.driving}:${id}`);
    }
  }

  async #append(operation: OperationOf<'append'>, id: string): Promise<void> {
    const seen = operation.withVersion ? this.#seen.get(operation.stream) : undefined;
    await this.#inTurn(operation, (each) => (each.onBus ? this.#put(each, id) : this.#appendIn(each, id, seen)));
  }

  /** Does an operation, and does it again if it is sent again. */
  async #inTurn<O extends OperationOf<'append'> | OperationOf<'transact'>>(
    operation: O,
    act: (operation: O) => Promise<void>,
  ): Promise<void> {
    await act(operation);
    if (!operation.again) return;
    const { region, after } = operation.again;
    await this.#options.surroundings.sleep(after);
    await act({ ...operation, region });
  }

  async #appendIn(
    { region, stream, effect }: OperationOf<'append'>,
    id: string,
    seen: Seen | undefined,
  ): Promise<void> {
    const { command, input } = this.#commandOf(stream, effect, id);
    const named = useOf(this.#options.workload, stream).mode === 'merge' ? 'basedOn' : 'expected';
    for (let tries = 1; tries <= TRIES; tries++) {
      const end = this.#begin((head) => ({
        ...{ line: 'append' as const, ...head, region, stream, id, effect, result: 'unknown' as const },
        ...(seen && { [named]: seen.version }),
      }));
      const reply = await this.#ask(region, {
        method: 'POST',
        path: `${pathOf(stream)}/commands/${encodeURIComponent(command)}`,
        headers: { 'idempotency-key': id, ...(seen && { 'if-match': seen.token }) },
        body: input,
      });
      if (reply?.status === 200) {
        const accepted = acceptedSchema.parse(reply.body);
        const { log, position, version: token } = accepted;
        const version = versionIn(token);
        this.#saw(stream, { token, version });
        return end({
          result: 'ok',
          version,
          ...(log !== undefined && position !== undefined && { dot: { log, position } }),
        });
      }
      const code = codeOf(reply);
      const isRefused = reply !== undefined && reply.status < 500;
      end({ result: isRefused ? 'refused' : 'unknown', code });
      if (isRefused) return;
      await this.#pause();
    }
  }

  /** An append by the bus, without waiting for its receipt. */
  async #put({ region, stream, effect }: OperationOf<'append'>, id: string): Promise<void> {
    this.#begin((head) => ({ line: 'append', ...head, region, stream, id, effect, result: 'unknown' }));
    await this.#options.surroundings.put(region, { id, stream, ...this.#commandOf(stream, effect, id) });
  }

  async #read({ region, stream, atLeast, local = false }: OperationOf<'read'>): Promise<void> {
    const seen = atLeast ? this.#seen.get(stream) : undefined;
    const end = this.#begin((head) => ({
      ...{ line: 'read' as const, ...head, region, stream, result: 'unknown' as const },
      ...(seen && { atLeast: seen.version }),
      ...(local && { local }),
    }));
    const reply = await this.#ask(region, {
      method: 'GET',
      path: pathOf(stream),
      ...(local && { query: { consistency: 'local' } }),
      ...(seen && { headers: { 'if-at-least': seen.token } }),
    });
    if (reply?.status !== 200) return end({ result: 'refused', code: codeOf(reply) });
    const { state: read, version: token } = streamStateSchema.parse(reply.body);
    const state = useOf(this.#options.workload, stream).state(read);
    const version = versionIn(token);
    this.#saw(stream, { token, version, state: { is: state } });
    end({ result: 'ok', version, state });
  }

  async #transact(operation: OperationOf<'transact'>, id: string): Promise<void> {
    const checks = operation.checks.flatMap((stream) => {
      const { token, version, state } = this.#seen.get(stream) ?? {};
      return token !== undefined && version && state ? [{ stream, token, version, state: state.is }] : [];
    });
    await this.#inTurn(operation, (each) => this.#transactIn(each, id, checks));
  }

  async #transactIn(operation: OperationOf<'transact'>, id: string, checks: readonly Checked[]): Promise<void> {
    const { region, participants, timeoutSeconds, wait } = operation;
    const body = {
      id,
      participants: participants.map(({ stream, effect }) => ({ stream, ...this.#commandOf(stream, effect, id) })),
      checks: checks.map(({ stream, token }) => ({ stream, expected: token })),
      timeoutSeconds,
    };
    for (let tries = 1; tries <= TRIES; tries++) {
      const end = this.#begin((head) => ({
        ...{ line: 'transact' as const, ...head, region, id, participants, result: 'unknown' as const },
        checks: checks.map(({ stream, version, state }) => ({ stream, version, state })),
      }));
      const first = await this.#ask(region, {
        method: 'POST',
        path: '/transactions',
        headers: { prefer: `wait=${wait}` },
        body,
      });
      const isPromised = stateIn(first) === 'undecided';
      const promised = isPromised ? { promised: this.#options.recorder.now() } : {};
      const reply = isPromised ? await this.#outcome(region, id) : first;
      const result = resultOf(reply);
      end({ result, ...promised, code: codeOf(reply) });
      if (result !== 'unknown') return;
      await this.#pause();
    }
  }

  /** Asks for an outcome that was promised, until it is there. */
  async #outcome(region: string, id: string): Promise<Reply | undefined> {
    const { recorder } = this.#options;
    for (let asks = 1; asks <= ASKS; asks++) {
      await this.#pause();
      const begin = recorder.now();
      const reply = await this.#ask(region, { method: 'GET', path: `/transactions/${encodeURIComponent(id)}` });
      const state = outcomeIn(reply);
      if (state === undefined) continue;
      recorder.add({ line: 'outcome', begin, at: recorder.now(), region, id, state });
      if (state === 'committed' || state === 'aborted') return reply;
    }
    return undefined;
  }

  #begin<L extends OperationLine>(lineOf: (head: Head) => L) {
    return this.#options.recorder.begin(this.#options.name, lineOf);
  }

  #commandOf(stream: string, effect: Effect, id: string): ReturnType<Use['command']> {
    return useOf(this.#options.workload, stream).command(effect, id);
  }

  /** @returns undefined if there was no response */
  #ask(region: string, request: Request): Promise<Reply | undefined> {
    return this.#options.surroundings.ask(region, request);
  }

  #pause(): Promise<void> {
    return this.#options.surroundings.sleep(PAUSE_MS);
  }

  #saw(stream: string, seen: Seen): void {
    this.#seen.set(stream, seen);
  }
}

const acceptedSchema = z.object({
  version: z.string(),
  log: z.string().optional(),
  position: z.number().optional(),
});

/** The path of a stream in the API. */
function pathOf(stream: string): string {
  const slash = stream.indexOf('/');
  return `/streams/${encodeURIComponent(stream.slice(0, slash))}/${encodeURIComponent(stream.slice(slash + 1))}`;
}

export function versionIn(token: string): VersionVector {
  return readVersionToken(token, 'version').version;
}

/** The state of a transaction that a response shows. */
function stateIn(reply: Reply | undefined): TransactionShown['state'] | undefined {
  return transactionShownSchema.safeParse(reply?.body).data?.state;
}

/** The state that a response to the question for an outcome shows; undefined: none. */
export function outcomeIn(reply: Reply | undefined): LineOf<'outcome'>['state'] | undefined {
  return reply?.status === 404 ? 'unknown' : stateIn(reply);
}

/** The outcome of a transaction, by the response to its request, or to the question for its outcome. */
function resultOf(reply: Reply | undefined): 'ok' | 'refused' | 'unknown' {
  const state = stateIn(reply);
  if (state === 'committed') return 'ok';
  if (state === 'aborted') return 'refused';
  return reply !== undefined && reply.status >= 400 && reply.status < 500 ? 'refused' : 'unknown';
}

/** Why a request was not answered with what it asked for: the code of the problem, or the status. */
export function codeOf(reply: Reply | undefined): string {
  if (reply === undefined) return 'no-response';
  return problemDetailsSchema.safeParse(reply.body).data?.code ?? String(reply.status);
}
