/** Something to run at a time. */
export interface Timer {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Orders timers of the same time. */
  readonly number: number;
  readonly run: () => void;
}

interface Entry extends Timer {
  /** Its index in the heap; -1 once it has left. */
  place: number;
}

function precedes(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}

/**
 * Timers as a binary heap: the earliest is taken first, and of the same time the one that was added first. A cancelled timer leaves
 * at once: most timers limit a call, and are cancelled long before their time.
 */
export class TimerHeap {
  readonly #entries: Entry[] = [];
  #added = 0;

  /** @returns a function that removes the timer, if it is still there */
  add(at: number, run: () => void): () => void {
    const entry: Entry = { at, number: ++this.#added, run, place: this.#entries.length };
    this.#entries.push(entry);
    this.#up(entry);
    return () => this.#remove(entry);
  }

  /** Takes the earliest timer out; undefined if there is none. */
  take(): Timer | undefined {
    const [first] = this.#entries;
    if (first) this.#remove(first);
    return first;
  }

  #remove(entry: Entry): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#entries.pop();
    if (!last || last === entry) return;
    this.#put(last, place);
    this.#up(last);
    this.#down(last);
  }

  #put(entry: Entry, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }

  #up(entry: Entry): void {
    let { place } = entry;
    for (;;) {
      const above = (place - 1) >> 1;
      const parent = this.#entries[above];
      if (place === 0 || !parent || !precedes(entry, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(entry, place);
  }

  #down(entry: Entry): void {
    let { place } = entry;
    for (;;) {
      const left = this.#entries[2 * place + 1];
      const right = this.#entries[2 * place + 2];
      const child = left && right && precedes(right, left) ? right : left;
      if (!child || !precedes(child, entry)) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(entry, place);
  }
}
