import * as z from 'zod';
import type { Addition, SubscribedEvent } from '../../core/index.ts';
import { type HandleContext, type SubscriberHandler, withFunctions } from '../../lambdas/subscription.ts';
import type { WorldSubscriber } from '../../world/subscribers.ts';

/** The subscribers of scenarios, with what they do. */
export const SUBSCRIBERS = {
  counter: 'counts notes by their text in its own table, from the beginning of each log',
  late: 'does the same from the first event that it sees',
  mailer: 'has no table',
} as const;

export type SubscriberName = keyof typeof SUBSCRIBERS;

export const SUBSCRIBER_NAMES = Object.keys(SUBSCRIBERS).filter((name): name is SubscriberName =>
  Object.hasOwn(SUBSCRIBERS, name),
);

const textSchema = z.object({ text: z.string() });

/** One addition to the row of the text; for the text `100 rows` one to each of that many rows. */
function additionsFor(text: string): readonly Addition[] {
  const rows = Number(/^(?<rows>\d+) rows$/.exec(text)?.groups?.rows ?? 0);
  const keys = rows === 0 ? [text] : Array.from({ length: rows }, (_, i) => `row ${i}`);
  return keys.map((key) => ({ key, sums: { count: 1 } }));
}

/** A call of a subscriber's function. */
interface Call {
  readonly region: string;
  readonly event: SubscribedEvent;
  /** What it is called with to deduplicate by. */
  readonly key: string;
}

/** A subscriber of notes that can be broken and fixed, and shows what it was called with. */
export class NoteSubscriber {
  readonly definition: WorldSubscriber;
  /** The text of the notes that it fails on. */
  failsOn: string | undefined;
  #calls: Call[] = [];

  constructor(name: SubscriberName, runsIn: string | undefined) {
    this.definition = {
      // It is not loaded: its handler is given.
      entry: `/${name}.ts`,
      streamTypes: ['note'],
      handler: this.#handler(name),
      ...(name === 'mailer' && { table: 'none' }),
      ...(name === 'late' && { from: 'first-seen' }),
      ...(runsIn !== undefined && { runsIn }),
    };
  }

  /** The calls since the last time. */
  calls(): readonly Call[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  #handler(name: SubscriberName): SubscriberHandler {
    const handle = (event: SubscribedEvent, { region, key }: HandleContext) => {
      this.#calls.push({ region, event, key });
      const { text } = textSchema.parse(event.data);
      if (text === this.failsOn) throw new Error(`It cannot handle ${text}.`);
      return name === 'mailer' ? [] : additionsFor(text);
    };
    return withFunctions(() => Promise.reject(new Error('A world calls the function itself.')), { handle });
  }
}
