import { streamTypeOf } from '../definition/domain.ts';
import { hasEscrow, type StreamDefinition } from '../definition/stream.ts';
import type { Append } from '../facts/append.ts';
import type { Commit, Intent } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import type { KnownCopy } from '../facts/snapshot.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, positionIn, type VersionVector, versionDominates } from '../facts/version.ts';
import type { History } from '../log/history.ts';
import { keepSnapshot, loadWhole } from '../log/load.ts';
import { portsFor } from '../log/shared-log.ts';
import { encodeVersionToken } from '../wire/version-token.ts';
import { checkWriter } from './home.ts';
import { finishIntents, learnState, ownIntents, type Search, type Watch } from './intents.ts';
import type { RequestIdentity } from './request.ts';
import { type Obstacle, TakeOver } from './take-over.ts';
import {
  type AppendPorts,
  conflictOf,
  type Decide,
  decider,
  idReused,
  isBehind,
  type Loaded,
  loadWarm,
  nextCommit,
  warmHistory,
  watchOf,
  wrongClock,
} from './writer.ts';

/** A write to one stream. Without an operation it is a check, which decides on no events. */
export interface Write extends Omit<Append, 'stream' | 'operation'>, RequestIdentity {
  readonly stream: StreamRef;
  readonly operation?: Append['operation'] | undefined;
  /** Makes the intent of a participant, which takes a position even without events. */
  readonly intent?: () => Intent;
}

export type Drafted =
  /** The write was committed by an earlier attempt. */
  | { readonly kind: 'written'; readonly commit: Commit | KnownCopy }
  /** The stream is held by an intent whose transaction is undecided. */
  | { readonly kind: 'held'; readonly by: Commit }
  /** The write is not possible: the reason is the caller's, or the domain's. Errors of services are thrown instead. */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** Nothing changes at this version; the next position is still free. */
  | { readonly kind: 'unchanged'; readonly version: VersionVector; readonly position: number }
  /** The commit to write at its position, and the version that an append of it returns. */
  | { readonly kind: 'commit'; readonly commit: Commit; readonly version: VersionVector };

/**
 * One write to a stream, from loading to its commit. All writers of a log share it; each of them decides whether to wait, to
 * retry or to give up when the stream is held, or when the write loses the race for its position.
 */
export class Draft {
  readonly #ports: AppendPorts;
  readonly #definition: StreamDefinition;
  readonly #write: Write;
  /** Only of a stream that has a home. */
  readonly #takeOver: TakeOver | undefined;
  /** How long this process has waited for the intent that holds the stream. */
  readonly watch: Watch;
  #loaded: Loaded;
  /** True if the stream was loaded for this write. A warm copy may be stale, which only a conditional write detects. */
  #isFresh: boolean;
  #decide: Decide | undefined;

  private constructor(
    ports: AppendPorts,
    definition: StreamDefinition,
    write: Write,
    copy: { readonly loaded: Loaded; readonly isFresh: boolean },
  ) {
    this.#ports = ports;
    this.#definition = definition;
    this.#write = write;
    this.#takeOver = definition.mode === 'home' ? new TakeOver(ports, write.stream) : undefined;
    this.watch = watchOf(ports, write.stream);
    this.#loaded = copy.loaded;
    this.#isFresh = copy.isFresh;
  }

  /** @throws MeridianError `unknown-stream-type`; `misdirected`: only another Region may write it; `unavailable` */
  static async open(given: AppendPorts, write: Write): Promise<Draft> {
    const definition = streamTypeOf(given.domain, write.stream.type);
    const ports = portsFor(given, write.stream);
    const hasMoved = await checkWriter(ports, write.stream, write.operation);
    const warm = warmHistory(ports, definition, { ...write, hasMoved });
    const loaded = warm ?? (await loadWarm(ports, write.stream));
    return new Draft(ports, definition, write, { loaded, isFresh: warm === undefined });
  }

  get history(): History {
    return this.#loaded.history;
  }

  get stream(): string {
    return this.#write.stream.name;
  }

  /** The log that it writes. */
  get log(): string {
    return this.#ports.log;
  }

  /**
   * Decides on the current copy of the stream. A refusal, or a decision that changes nothing, is never based on a warm copy:
   * the stream is then loaded first.
   * @throws MeridianError `not-caught-up`, `unavailable`, retryable; `internal`
   */
  async next(search?: Omit<Search, 'watch'>): Promise<Drafted> {
    const { basedOn, operation } = this.#write;
    for (;;) {
      if (this.#takeOver && !this.#takeOver.isReady) await this.#takeOver.look();
      // The commit that won a race may not include everything in the snapshot that this copy is based on.
      if (!this.history.holds) await this.#reload();
      // A committed write is returned before any check: what was valid then may not be valid now.
      const commit = this.#written();
      if (commit) return { kind: 'written', commit };
      if (ownIntents(this.#ports, this.history).length > 0) {
        const by = await finishIntents(this.#ports, this.history, { ...search, watch: this.watch });
        if (by) return { kind: 'held', by };
        continue;
      }
      const obstacle = this.#takeOver?.obstacle(this.#loaded);
      if (obstacle) {
        const by = await this.#overcome(obstacle, search);
        if (by) return { kind: 'held', by };
        continue;
      }
      if (!versionDominates(this.history.seen, basedOn ?? emptyVersion)) {
        await this.#reload();
        continue;
      }
      if (basedOn && !this.#hasEscrow && !this.history.reaches(basedOn)) {
        const { completions } = this.#loaded;
        this.#loaded = { history: await loadWhole(this.#ports, this.#write.stream), completions };
        this.#isFresh = true;
        continue;
      }
      // Requests of one process share a warm copy. So nothing is awaited from here on: the commit follows exactly the
      // positions that its decision was based on.
      const drafted = this.#decideNow();
      const isFinal = this.#isFresh || drafted.kind === 'commit' || (drafted.kind === 'unchanged' && !operation);
      if (isFinal) return drafted;
      await this.#reload();
    }
  }

  /** @returns the intent to wait for; undefined: look again */
  async #overcome(obstacle: Obstacle, search?: Omit<Search, 'watch'>): Promise<Commit | undefined> {
    const takeOver = this.#takeOver;
    if (obstacle.kind === 'undecided')
      return learnState(this.#ports, this.history, obstacle.intent, { ...search, watch: this.watch });
    if (obstacle.kind === 'outdated') await this.#reload();
    else await takeOver?.overcome(obstacle, (seals) => this.#reload(seals));
    return undefined;
  }

  #decideNow(): Drafted {
    const { stream, operation, basedOn, intent } = this.#write;
    const now = this.#ports.runtime.now();
    const refusal = this.#refusal(now);
    if (refusal) return { kind: 'refused', error: refusal };
    const version = (this.#hasEscrow ? undefined : basedOn) ?? this.history.seen;
    try {
      this.#decide ??= operation ? decider(this.#ports, stream, operation) : () => ({ events: [] });
      const { events, error } = this.#decide(() => this.history.stateAt(version), now);
      if (!events) return { kind: 'refused', error };
      const position = this.history.lastPosition(this.#ports.log) + 1;
      if (events.length === 0 && !intent) return { kind: 'unchanged', version, position };
      const { commitId, fingerprint, meta } = this.#write;
      const tx = intent && { tx: intent() };
      const of = { commitId, fingerprint, events, context: version, meta, ...tx };
      const commit = nextCommit(this.#ports, this.history, now, of);
      return { kind: 'commit', commit, version: this.history.versionOf(commit) };
    } catch (error) {
      return { kind: 'refused', error };
    }
  }

  #written(): Commit | KnownCopy | undefined {
    const { commitId, fingerprint, repeats = (known) => known.fingerprint === fingerprint } = this.#write;
    const known = this.history.find(commitId, fingerprint, this.#ports.runtime.now(), repeats);
    return known && repeats(known) ? known : undefined;
  }

  #refusal(now: number): MeridianError | undefined {
    const { commitId, fingerprint, expected } = this.#write;
    const { runtime } = this.#ports;
    const known = this.history.find(commitId, fingerprint, now);
    if (known) return idReused(this.stream, known);
    return (
      this.history.unreadable ??
      this.#ownUnseen() ??
      conflictOf(this.#ports, this.history, expected) ??
      wrongClock(runtime.clockAhead())
    );
  }

  /** What a log holds is known only when all of it has been seen. */
  #ownUnseen(): MeridianError | undefined {
    const { log } = this.#ports;
    const { seen } = this.history;
    if (!this.#hasEscrow || positionIn(seen, log) === this.history.lastPosition(log)) return undefined;
    const message = `This Region has not yet seen all that its own log of ${this.stream} depends on. Retry.`;
    const details = { seen: encodeVersionToken(this.stream, seen) };
    return new MeridianError('not-caught-up', message, { retryable: true, details });
  }

  get #hasEscrow(): boolean {
    return hasEscrow(this.#definition);
  }

  /** Writes a commit if its position is free. @returns the commit that already has the position; undefined if this one was written */
  async put(commit: Commit): Promise<Commit | undefined> {
    const taken = await this.#ports.events.put(commit);
    if (taken) this.history.add([taken]);
    else await this.wrote(commit);
    return taken;
  }

  /** Records that a commit of this draft was written. */
  async wrote(commit: Commit): Promise<void> {
    this.history.add([commit]);
    if (commit.events.length > 0) this.#ports.runtime.metric('Appended', 'Count', 1);
    const { warm } = this.#ports;
    const copy = warm.get(this.stream);
    if (copy?.history !== this.history) return;
    await keepSnapshot(this.#ports, this.history);
    // Its size has changed.
    warm.set(this.stream, { ...copy });
  }

  /** Loads what was written after the commit that took the position. */
  async catchUp(taken: Commit): Promise<void> {
    const { events, log } = this.#ports;
    this.history.add([taken]);
    // No commit follows an intent that is not final.
    if (taken.tx?.state !== 'prepared')
      this.history.add(await events.loadLog(this.stream, log, this.history.lastPosition(log)));
    if (isBehind(this.history, taken)) await this.#reload();
  }

  async #reload(version = this.#write.basedOn): Promise<void> {
    this.#loaded = await loadWarm(this.#ports, this.#write.stream, version);
    this.#isFresh = true;
  }
}
