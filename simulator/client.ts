import * as z from 'zod';
import { problemDetailsSchema, streamStateSchema, transactionShownSchema, type VersionVector } from '../core/index.ts';
import { readVersionToken } from '../core/wire/version-token.ts';
import { functionUrlEvent } from '../world/network/function-url-event.ts';
import { type Scheduler, sleepOn } from '../world/time/scheduler.ts';
import type { World } from '../world/world.ts';
import { commandOf } from './domain.ts';
import { typeOf } from './plan.ts';
import type { Head, Operation as Line, Recorder } from './recorder.ts';
import type { Operation } from './schedule.ts';

type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** What a session knows of a stream. */
interface Seen {
  readonly token: string;
  readonly version: VersionVector;
  /** Undefined if it has not read the state at that version. */
  readonly state?: { readonly is: unknown };
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** How often a client sends an operation again whose fate is unknown, and how often it asks for an outcome. */
const TRIES = 3;
const ASKS = 40;
const PAUSE_MS = 1_000;

export interface ClientOptions {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly recorder: Recorder;
  readonly name: string;
}

/** A client: it sends one operation after the other, and remembers what it has seen. */
export class Session {
  readonly #options: ClientOptions;
  readonly #seen = new Map<string, Seen>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions) {
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
        return operation.onBus ? this.#put(operation, id) : this.#append(operation, id);
      case 'read':
        return this.#read(operation);
      case 'transact':
        return this.#transact(operation, `${operation.driving}:${id}`);
    }
  }

  async #append({ region, stream, effect, withVersion }: OperationOf<'append'>, id: string): Promise<void> {
    const { command, input } = commandOf(typeOf(stream), effect);
    const seen = withVersion ? this.#seen.get(stream) : undefined;
    const named = isHome(stream) ? 'expected' : 'basedOn';
    for (let tries = 1; tries <= TRIES; tries++) {
      const end = this.#begin((head) => ({
        ...{ line: 'append' as const, ...head, region, stream, id, effect, result: 'unknown' as const },
        ...(seen && { [named]: seen.version }),
      }));
      const reply = await this.#ask(region, {
        method: 'POST',
        path: `/streams/${stream}/commands/${command}`,
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

  /** An append by the bus: nobody waits for its receipt. */
  async #put({ region, stream, effect }: OperationOf<'append'>, id: string): Promise<void> {
    this.#begin((head) => ({ line: 'append', ...head, region, stream, id, effect, result: 'unknown' }));
    const detail = JSON.stringify({ id, stream, ...commandOf(typeOf(stream), effect) });
    await this.#options.world.region(region).bus.put([{ source: 'simulator', detailType: 'meridian.command', detail }]);
  }

  async #read({ region, stream, atLeast }: OperationOf<'read'>): Promise<void> {
    const seen = atLeast ? this.#seen.get(stream) : undefined;
    const end = this.#begin((head) => ({
      ...{ line: 'read' as const, ...head, region, stream, result: 'unknown' as const },
      ...(seen && { atLeast: seen.version }),
    }));
    const reply = await this.#ask(region, {
      method: 'GET',
      path: `/streams/${stream}`,
      ...(seen && { headers: { 'if-at-least': seen.token } }),
    });
    if (reply?.status !== 200) return end({ result: 'refused', code: codeOf(reply) });
    const { state, version: token } = streamStateSchema.parse(reply.body);
    const version = versionIn(token);
    this.#saw(stream, { token, version, state: { is: state } });
    end({ result: 'ok', version, state });
  }

  async #transact(operation: OperationOf<'transact'>, id: string): Promise<void> {
    const { region, participants, timeoutSeconds, wait } = operation;
    const checks = operation.checks.flatMap((stream) => {
      const { token, version, state } = this.#seen.get(stream) ?? {};
      return token !== undefined && version && state ? [{ stream, token, version, state: state.is }] : [];
    });
    const body = {
      id,
      participants: participants.map(({ stream, effect }) => ({ stream, ...commandOf(typeOf(stream), effect) })),
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
      const promised = first?.status === 202 ? { promised: this.#options.recorder.now() } : {};
      const reply = first?.status === 202 ? await this.#outcome(region, id) : first;
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
      const reply = await this.#ask(region, { method: 'GET', path: `/transactions/${id}` });
      const state = reply?.status === 404 ? 'unknown' : transactionShownSchema.safeParse(reply?.body).data?.state;
      if (state === undefined) continue;
      recorder.add({ line: 'outcome', at: recorder.now(), region, id, state });
      if (state === 'committed' || state === 'aborted') return reply;
    }
    return undefined;
  }

  #begin<L extends Line>(lineOf: (head: Head) => L) {
    return this.#options.recorder.begin(this.#options.name, lineOf);
  }

  /** @returns undefined if there was no response */
  async #ask(region: string, request: Parameters<typeof ask>[2]): Promise<Reply | undefined> {
    return ask(this.#options.world, region, request);
  }

  #pause(): Promise<void> {
    return sleepOn(this.#options.scheduler, PAUSE_MS);
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

/** Sends a request to the API of a Region. @returns undefined if there was no response */
export async function ask(
  world: World,
  region: string,
  {
    method,
    path,
    query,
    headers,
    body,
  }: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly query?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  },
): Promise<Reply | undefined> {
  const event = functionUrlEvent({
    method,
    path,
    ...(query !== undefined && { query }),
    ...(headers && { headers }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  try {
    const { statusCode, body: text } = await world.region(region).request(event);
    const answer: unknown = JSON.parse(text);
    return { status: statusCode, body: answer };
  } catch {
    return undefined;
  }
}

export function versionIn(token: string): VersionVector {
  return readVersionToken(token, 'version').version;
}

function isHome(stream: string): boolean {
  const type = typeOf(stream);
  return type === 'account' || type === 'seats' || type === 'list' || type === 'register';
}

/** What became of a transaction, by the response to its request, or to the question for its outcome. */
function resultOf(reply: Reply | undefined): 'ok' | 'refused' | 'unknown' {
  const state = transactionShownSchema.safeParse(reply?.body).data?.state;
  if (state === 'committed') return 'ok';
  if (state === 'aborted') return 'refused';
  return reply !== undefined && reply.status >= 400 && reply.status < 500 ? 'refused' : 'unknown';
}

function codeOf(reply: Reply | undefined): string {
  if (reply === undefined) return 'no-response';
  return problemDetailsSchema.safeParse(reply.body).data?.code ?? String(reply.status);
}
