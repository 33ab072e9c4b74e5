import { isObject } from '../../core/facts/json.ts';
import { type Bus, type BusEntry, type EventPattern, MeridianError, type PutAnswer } from '../../core/index.ts';
import { PUT_EVENTS_BYTES, PUT_EVENTS_ENTRIES } from '../../core/limits/aws.ts';
import { SOURCE_PREFIX } from '../../core/wire/bus.ts';
import type { Link } from '../network/link.ts';
import type { Clockwork } from '../time/clockwork.ts';

/** An event as EventBridge delivers it, as JSON, and the parts that patterns match. */
interface BusEvent {
  readonly json: string;
  readonly source: string;
  readonly detailType: string;
  /** `detail.meta.region`, if present. */
  readonly bornIn: string | undefined;
  /** `detail.meta.log`, if present. */
  readonly log?: string | undefined;
}

/** A queue as a target. EventBridge itself retries what a queue refuses. */
interface TargetQueue {
  accept(body: string): void;
}

type Target =
  | { readonly kind: 'queue'; readonly queue: TargetQueue }
  | { readonly kind: 'bus'; readonly link: Link; readonly bus: WorldBus }
  | { readonly kind: 'listener'; readonly listen: (event: unknown) => void };

interface Rule {
  pattern: EventPattern;
  readonly target: Target;
}

function sizeOf({ source, detailType, detail }: BusEntry): number {
  return Buffer.byteLength(source + detailType + detail);
}

/**
 * `meta.region` and `meta.log` of a detail. Every event passes through here several times: a schema would take longer than the
 * parser.
 */
function placeIn(detail: unknown): Pick<BusEvent, 'bornIn' | 'log'> {
  const meta = isObject(detail) && 'meta' in detail ? detail.meta : undefined;
  if (!isObject(meta)) return { bornIn: undefined, log: undefined };
  return {
    bornIn: 'region' in meta && typeof meta.region === 'string' ? meta.region : undefined,
    log: 'log' in meta && typeof meta.log === 'string' ? meta.log : undefined,
  };
}

export interface BusOptions {
  readonly region: string;
  /** Whether it keeps the domain's events, so that they can be replayed. @default false */
  readonly archives?: boolean;
}

/** An event in the archive, and when it was put on the bus. */
interface Archived {
  readonly event: BusEvent;
  readonly at: number;
  readonly forwarded: boolean;
}

/** An EventBridge bus with rules: it delivers every event to the targets of the matching rules. */
export class WorldBus implements Bus {
  readonly #options: BusOptions;
  readonly #scheduler: Clockwork['scheduler'];
  readonly #weather: Clockwork['weather'];
  #put = 0;
  #replays = 0;
  readonly #rules: Rule[] = [];
  readonly #archive: Archived[] = [];

  constructor(options: BusOptions, { scheduler, weather }: Pick<Clockwork, 'scheduler' | 'weather'>) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#weather = weather;
  }

  /** @returns a function that changes the pattern of the rule */
  addRule(pattern: EventPattern, target: Target): (pattern: EventPattern) => void {
    const rule: Rule = { pattern, target };
    this.#rules.push(rule);
    return (changed) => {
      rule.pattern = changed;
    };
  }

  /** @throws MeridianError as the EventBridge adapter does, if the batch exceeds its limits */
  async put(entries: readonly BusEntry[]): Promise<PutAnswer> {
    if (entries.length > PUT_EVENTS_ENTRIES)
      throw new MeridianError(
        'internal',
        `PutEvents takes at most ${PUT_EVENTS_ENTRIES} entries; these are ${entries.length}.`,
      );
    const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (bytes > PUT_EVENTS_BYTES) {
      const why = `PutEvents takes at most ${PUT_EVENTS_BYTES} bytes; these are ${bytes}.`;
      if (entries.length === 1) return [{ permanent: why }];
      throw new MeridianError('too-large', why);
    }
    return entries.map((entry) => {
      if (this.#weather.happens('bus.partial', this.#options.region)) return 'InternalFailure: The entry was refused.';
      try {
        this.#arrive(this.#eventOf(entry), false);
        return undefined;
      } catch (error) {
        if (error instanceof SyntaxError) return { permanent: 'MalformedDetail: Detail is malformed.' };
        throw error;
      }
    });
  }

  /**
   * Puts the archived events of a time, from the first number up to the second in milliseconds since 1970, to all rules again.
   * @returns the number of events
   */
  replayArchive(from: number, to: number): number {
    const name = `replay-${++this.#replays}`;
    const replayed = this.#archive.filter(({ at }) => at >= from && at < to);
    for (const { event, forwarded } of replayed)
      this.#route({ ...event, json: `${event.json.slice(0, -1)},"replay-name":"${name}"}` }, forwarded);
    return replayed.length;
  }

  #eventOf({ source, detailType, detail }: BusEntry): BusEvent {
    const { region } = this.#options;
    const id = `${region}-${++this.#put}`;
    const time = new Date(this.#scheduler.now()).toISOString();
    const type = JSON.stringify(detailType);
    const from = JSON.stringify(source);
    const head = `{"version":"0","id":"${id}","detail-type":${type},"source":${from},"account":"000000000000"`;
    const json = `${head},"time":"${time}","region":"${region}","resources":[],"detail":${detail}}`;
    return { json, source, detailType, ...placeIn(JSON.parse(detail)) };
  }

  /** The archive keeps what producers did not put: an append that is replayed could be committed twice. */
  #arrive(event: BusEvent, forwarded: boolean): void {
    if (this.#options.archives && event.source.startsWith(SOURCE_PREFIX) && event.bornIn !== undefined)
      this.#archive.push({ event, at: this.#scheduler.now(), forwarded });
    this.#route(event, forwarded);
  }

  /** An event that came from another bus is not forwarded again. */
  #route(event: BusEvent, forwarded: boolean): void {
    for (const { pattern, target } of this.#rules) {
      if (!matchesPattern(pattern, event)) continue;
      if (target.kind === 'queue') target.queue.accept(event.json);
      else if (target.kind === 'listener') target.listen(JSON.parse(event.json));
      else if (!forwarded && !this.#weather.happens('bus.dropped', this.#options.region))
        target.link.send(() => target.bus.#arrive(event, true));
    }
  }
}

/** True if a rule's pattern matches; supports the part of the pattern language in `EventPattern`. */
export function matchesPattern(
  pattern: EventPattern,
  { source, detailType, bornIn, log }: Omit<BusEvent, 'json'>,
): boolean {
  return (
    matchesField(pattern.source, source) &&
    matchesField(pattern['detail-type'], detailType) &&
    matchesField(pattern.detail?.meta.region, bornIn) &&
    matchesField(pattern.detail?.meta.log, log)
  );
}

type Values = NonNullable<EventPattern['source']>;

function matchesField(values: Values | undefined, field: string | undefined): boolean {
  return values === undefined || values.some((value) => matchesValue(value, field));
}

function matchesValue(value: Values[number], field: string | undefined): boolean {
  if (typeof value === 'string') return field === value;
  if ('exists' in value) return field === undefined;
  if (field === undefined) return false;
  if ('prefix' in value) return field.startsWith(value.prefix);
  const not = value['anything-but'];
  return 'prefix' in not ? !field.startsWith(not.prefix) : !not.includes(field);
}
