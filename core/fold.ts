import { type Commit, eventId, foldOrder } from './commit.ts';
import { type Hlc, wallTimeOf } from './hlc.ts';
import type { EvolveContext, RecordedEvent, StreamDefinition } from './stream.ts';
import { covers, type Dot, type Version } from './version.ts';

/** For how long a commitId means the same request: 14 days, in milliseconds. */
export const IDEMPOTENCY_WINDOW = 14 * 24 * 60 * 60 * 1000;

/** A commit that changed the state, with the dots of all its copies, its own among them. */
interface Folded {
  readonly commit: Commit;
  readonly copies: Dot[];
  readonly events: readonly RecordedEvent[];
}

/**
 * The state of a stream, commit by commit in fold order. A copy of a commit (its commitId again within the idempotency
 * window, as a retry in another Region makes one) is ignored.
 */
export class Fold {
  readonly #definition: StreamDefinition;
  readonly #logs = new Map<string, Folded[]>();
  readonly #byId = new Map<string, { folded: Folded; lastStamp: Hlc }>();
  readonly #reused: Commit[] = [];
  #state: unknown;

  constructor(definition: StreamDefinition) {
    this.#definition = definition;
    this.#state = definition.initial;
  }

  get state(): unknown {
    return this.#state;
  }

  /** Ignored copies whose content is not that of the commit that they repeat: an id that was used twice. */
  get reused(): readonly Commit[] {
    return this.#reused;
  }

  /** Folds the next commit; commits have to come in fold order. */
  apply(commit: Commit): void {
    const earlier = this.#byId.get(commit.commitId);
    if (earlier && wallTimeOf(commit.hlc) - wallTimeOf(earlier.lastStamp) <= IDEMPOTENCY_WINDOW) {
      earlier.lastStamp = commit.hlc;
      earlier.folded.copies.push(commit);
      if (earlier.folded.commit.request !== commit.request) this.#reused.push(commit);
      return;
    }
    const folded = { commit, copies: [commit], events: recordedEvents(commit) };
    const context = this.#contextOf(commit);
    for (const event of folded.events) this.#state = this.#definition.evolve(this.#state, event, context);
    this.#byId.set(commit.commitId, { folded, lastStamp: commit.hlc });
    const log = this.#logs.get(commit.log);
    if (log) log.push(folded);
    else this.#logs.set(commit.log, [folded]);
  }

  #contextOf({ context }: Commit): EvolveContext<RecordedEvent> {
    const unseen = () => this.#unseenBy(context);
    let concurrent: readonly RecordedEvent[] | undefined;
    return {
      get concurrent() {
        concurrent ??= unseen();
        return concurrent;
      },
    };
  }

  /** Per log only the tail above the context is looked at, so that folding stays near linear. */
  #unseenBy(context: Version): readonly RecordedEvent[] {
    const unseen: Folded[] = [];
    for (const log of this.#logs.values()) {
      const tail = log.slice(log.findLastIndex(({ commit }) => covers(context, commit)) + 1);
      unseen.push(...tail.filter(({ copies }) => !copies.some((copy) => covers(context, copy))));
    }
    return unseen.sort((a, b) => foldOrder(a.commit, b.commit)).flatMap(({ events }) => events);
  }
}

const recordedEvents = (commit: Commit): readonly RecordedEvent[] =>
  commit.events.map((event, index) => ({
    ...event,
    id: eventId(commit, index),
    commitId: commit.commitId,
    hlc: commit.hlc,
    region: commit.region,
  }));
