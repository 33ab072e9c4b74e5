// A model that keeps every promise: three Regions that take one operation at a time. The histories that it gives break nothing.
import fc from 'fast-check';
import { dominates, positionIn, type Version } from '../../checkers/evidence/version.ts';
import type { Effect, History, HistoryCommit, Line, LineOf } from '../../checkers/history.ts';
import { foldOf } from '../../checkers/reference/fold.ts';
import { decide, initialOf } from '../../checkers/reference/kinds.ts';
import { stampAt, TYPES } from './a-history.ts';

const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
type Region = (typeof REGIONS)[number];

/** Milliseconds by which the clock of a Region is ahead. */
const AHEAD: Readonly<Record<Region, number>> = { 'us-east-1': 0, 'us-east-2': 5_000, 'us-west-2': 50 };

const HOMES = ['list', 'register', 'account', 'seats'].flatMap((type) =>
  REGIONS.slice(0, 2).map((region): [string, Region] => [`${type}/${region}.a`, region]),
);
const STREAMS = [...HOMES.map(([stream]) => stream), 'counter/a', 'set/a', 'note/a'];

type TypeName = keyof typeof TYPES;

function isType(name: string): name is TypeName {
  return Object.hasOwn(TYPES, name);
}

function typeNameOf(stream: string): TypeName {
  const name = stream.slice(0, stream.indexOf('/'));
  if (!isType(name)) throw new Error(`There is no type ${name}.`);
  return name;
}

function homeOf(stream: string): Region | undefined {
  return HOMES.find(([name]) => name === stream)?.[1];
}

type AppendLine = LineOf<'append'>;
type Answer = Pick<AppendLine, 'result'> & Partial<AppendLine>;

/** One thing that happens. Numbers are taken modulo the number of choices. */
const step = fc.record({
  kind: fc.constantFrom('append', 'append', 'read', 'read', 'transact', 'deliver', 'deliver', 'retry'),
  session: fc.nat(3),
  region: fc.constantFrom(...REGIONS),
  from: fc.constantFrom(...REGIONS),
  stream: fc.nat(STREAMS.length - 1),
  others: fc.uniqueArray(fc.nat(HOMES.length - 1), { minLength: 1, maxLength: 3 }),
  amount: fc.integer({ min: -4, max: 6 }),
  /** Whether the version that the session knows goes with the operation. */
  withVersion: fc.boolean(),
  isAnswered: fc.constantFrom(true, true, true, false),
  early: fc.nat(30),
  late: fc.nat(30),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Histories that break no promise. */
export const goodHistories: fc.Arbitrary<History> = fc
  .array(step, { maxLength: 60, size: 'max' })
  .map((steps) => new Model().run(steps));

interface Session {
  readonly name: string;
  /** When its last operation was over. */
  free: number;
  readonly seen: Map<string, { readonly version: Version; readonly state: unknown }>;
}

/** The part of an operation that is the same for all kinds. */
interface Begun {
  readonly op: number;
  readonly session: string;
  readonly region: string;
  readonly begin: number;
}

class Model {
  readonly #lines: Line[] = [];
  readonly #sessions: readonly Session[] = [0, 1, 2, 3].map((i) => ({ name: `s${i}`, free: 0, seen: new Map() }));
  /** What each Region has of each stream. */
  readonly #held = new Map<string, HistoryCommit[]>();
  #now = 0;
  #ops = 0;
  #values = 0;

  run(steps: readonly Step[]): History {
    const types = TYPES;
    const homes = Object.fromEntries(HOMES);
    this.#add({ line: 'history', format: 1, source: 'simulator', regions: [...REGIONS], types, homes });
    for (const each of steps) this.#take(each);
    this.#settle();
    return this.#lines;
  }

  #add(line: Line): void {
    this.#lines.push(line);
  }

  #take(of: Step): void {
    const session = this.#sessions[of.session];
    const stream = STREAMS[of.stream] ?? '';
    if (!session) return;
    this.#now = Math.max(this.#now + 10, session.free + 2);
    if (of.kind === 'append') this.#append(of, session, stream);
    else if (of.kind === 'retry') this.#retry(of, session);
    else if (of.kind === 'read') this.#read(of, session, stream);
    else if (of.kind === 'transact') this.#transact(of, session);
    else this.#deliver(of.from, of.region, 1 + of.early);
  }

  #begin({ region, early }: Step, { name, free }: Session): Begun {
    return { op: ++this.#ops, session: name, region, begin: Math.max(free + 1, this.#now - early) };
  }

  #end({ late }: Step, session: Session): number {
    session.free = this.#now + late;
    return session.free;
  }

  #effectOn(stream: string, amount: number): Effect {
    // No value is written twice.
    const value = ++this.#values;
    const text = ['red', 'green', 'blue'][value % 3] ?? 'red';
    switch (TYPES[typeNameOf(stream)].kind) {
      case 'list':
        return { do: 'append', value };
      case 'register':
        return { do: 'write', value };
      case 'balance':
      case 'counter':
        return { do: 'add', amount };
      case 'seats':
        return { do: amount < 2 ? 'release' : 'take', by: text };
      case 'set':
        return { do: amount < 1 ? 'remove' : 'insert', value: text };
      case 'escrow':
        return { do: 'use', amount };
      case 'entries':
        return { do: 'note', text };
    }
  }

  #append(of: Step, session: Session, stream: string, retried?: Pick<AppendLine, 'id' | 'effect'>): void {
    const { id, effect } = retried ?? { id: `a${this.#ops + 1}`, effect: this.#effectOn(stream, of.amount) };
    const known = of.withVersion ? session.seen.get(stream)?.version : undefined;
    const named = known && { [homeOf(stream) ? 'expected' : 'basedOn']: known };
    const line = { line: 'append', ...this.#begin(of, session), stream, id, effect, ...named } as const;
    const answer = this.#answerTo(homeOf(stream) ?? of.region, line);
    if (answer.result === 'ok' && !of.isAnswered) this.#add({ ...line, result: 'unknown' });
    else this.#add({ ...line, ...answer, end: this.#end(of, session) });
  }

  /** Appends in a Region. */
  #answerTo(writer: Region, { stream, id, effect, expected, basedOn }: Omit<AppendLine, 'result'>): Answer {
    const seen = this.#versionOf(writer, stream);
    const earlier = this.#has(writer, stream).find(({ commitId }) => commitId === id);
    if (earlier) return { result: 'ok', dot: dotOf(earlier), version: seen };
    if (expected && this.#eventsAfter(writer, stream, expected)) return { result: 'refused', code: 'version-conflict' };
    if (!dominates(seen, expected ?? basedOn ?? {})) return { result: 'refused', code: 'not-caught-up' };
    const decided = decide(TYPES[typeNameOf(stream)], this.#stateOf(writer, stream), effect);
    if (decided === 'refused') return { result: 'refused', code: 'rejected' };
    if (effect.do === 'release' && decided === 'changes nothing') return { result: 'ok' };
    const commit = this.#write(writer, stream, { commitId: id, effect, context: basedOn ?? seen });
    return { result: 'ok', dot: dotOf(commit), version: this.#versionOf(writer, stream) };
  }

  #retry(of: Step, session: Session): void {
    const tried = this.#lines.filter((line) => line.line === 'append');
    const earlier = tried[of.stream % Math.max(1, tried.length)];
    if (earlier) this.#append({ ...of, withVersion: false }, session, earlier.stream, earlier);
  }

  #read(of: Step, session: Session, stream: string): void {
    const begun = this.#begin(of, session);
    const known = of.withVersion ? session.seen.get(stream)?.version : undefined;
    const version = this.#versionOf(of.region, stream);
    const line = {
      line: 'read',
      ...begun,
      stream,
      ...(known && { atLeast: known }),
      end: this.#end(of, session),
    } as const;
    if (!dominates(version, known ?? {})) this.#add({ ...line, result: 'refused', code: 'not-caught-up' });
    else {
      const state = this.#stateOf(of.region, stream);
      session.seen.set(stream, { version, state });
      this.#add({ ...line, result: 'ok', version, state });
    }
  }

  #transact(of: Step, session: Session): void {
    const begun = this.#begin(of, session);
    const [check, ...streams] = of.others.flatMap((i) => HOMES[i] ?? []).filter((each) => STREAMS.includes(each));
    const participants = streams.map((stream) => ({ stream, effect: this.#effectOn(stream, of.amount) }));
    const known = check === undefined ? undefined : session.seen.get(check);
    const checks = check !== undefined && known ? [{ stream: check, ...known }] : [];
    const id = `${of.region}:t${begun.op}`;
    const line = { line: 'transact', ...begun, id, participants, checks } as const;
    const home = (stream: string) => homeOf(stream) ?? of.region;
    const isHeld = checks.every(({ stream, version }) => !this.#eventsAfter(home(stream), stream, version));
    const isPossible = participants.every(({ stream, effect }) => {
      const state = this.#stateOf(home(stream), stream);
      return decide(TYPES[typeNameOf(stream)], state, effect) === 'changes';
    });
    const commitId = `${id}#${1 + (of.early % 2)}`;
    const isCommitted = isHeld && isPossible;
    for (const { stream, effect } of participants) {
      // An attempt before leaves an empty position.
      if (of.early % 2 === 1) this.#write(home(stream), stream, { commitId: `${id}#1`, effect, state: 'aborted' });
      if (isCommitted) this.#write(home(stream), stream, { commitId, effect, deadline: this.#now + 30_000 });
    }
    // A check leaves a position without events.
    for (const { stream } of isCommitted ? checks : []) this.#write(home(stream), stream, { commitId });
    const state = isCommitted ? 'committed' : 'aborted';
    if (of.isAnswered)
      this.#add({
        ...{ ...line, end: this.#end(of, session), result: isCommitted ? 'ok' : 'refused' },
        code: isCommitted ? '200' : 'aborted',
      });
    else this.#add({ ...line, result: 'unknown', promised: this.#now });
    this.#add({ line: 'outcome', at: this.#now + 40, region: of.from, id, state });
  }

  #write(
    region: Region,
    stream: string,
    of: Partial<HistoryCommit> & { commitId: string; effect?: Effect },
  ): HistoryCommit {
    const { effect, ...given } = of;
    const held = this.#has(region, stream);
    const position = held.filter(({ log }) => log === region).length + 1;
    const latest = held
      .map(({ hlc }) => hlc)
      .sort()
      .at(-1);
    const wall = stampAt(1_000_000 + this.#now + AHEAD[region]);
    const next = (stamp: string) => (Number.parseInt(stamp, 16) + 1).toString(16).padStart(16, '0');
    const commit: HistoryCommit = {
      ...{ log: region, position, region, context: this.#versionOf(region, stream), state: 'visible' },
      hlc: latest === undefined || latest < wall ? wall : next(latest),
      ...given,
      events: effect ? [{ id: `${stream}@${region}.${position}.0`, type: effect.do, effect }] : [],
    };
    held.push(commit);
    return commit;
  }

  #has(region: string, stream: string): HistoryCommit[] {
    const place = `${region} ${stream}`;
    const held = this.#held.get(place) ?? [];
    this.#held.set(place, held);
    return held;
  }

  #versionOf(region: string, stream: string): Version {
    const version: Record<string, number> = {};
    for (const { log } of this.#has(region, stream)) version[log] = (version[log] ?? 0) + 1;
    return version;
  }

  #stateOf(region: string, stream: string) {
    const held = this.#has(region, stream);
    const { kind } = TYPES[typeNameOf(stream)];
    return held.length > 0 ? foldOf(kind, held) : initialOf(kind);
  }

  #eventsAfter(region: string, stream: string, version: Version): boolean {
    return this.#has(region, stream).some(
      ({ log, position, state, events }) =>
        state === 'visible' && events.length > 0 && position > positionIn(version, log),
    );
  }

  /** Replicates the next commits of a Region, as far as what they are based on has arrived. */
  #deliver(from: Region, to: Region, most: number): void {
    for (const stream of STREAMS) {
      let left = most;
      for (const commit of this.#has(from, stream)) {
        const version = this.#versionOf(to, stream);
        const isNext = commit.log !== to && commit.position === positionIn(version, commit.log) + 1;
        const isReady = Object.entries(commit.context).every(([log, position]) => positionIn(version, log) >= position);
        if (!isNext || !isReady || left-- <= 0) continue;
        this.#has(to, stream).push(structuredClone(commit));
      }
    }
  }

  #settle(): void {
    for (let round = 0; round < 3; round++)
      for (const from of REGIONS) for (const to of REGIONS) this.#deliver(from, to, Number.POSITIVE_INFINITY);
    const at = this.#now + 100;
    for (const region of REGIONS) {
      for (const stream of STREAMS) {
        const commits = this.#has(region, stream);
        if (commits.length === 0) continue;
        const [version, state] = [this.#versionOf(region, stream), this.#stateOf(region, stream)];
        this.#add({ line: 'replica', region, stream, commits, version, state });
      }
      this.#observe(region, at);
    }
    const most = { writes: 1, requests: 1, roundTrips: 0 };
    this.#add({ line: 'cost', op: 1, of: 'append', warm: true, ...most, most });
    this.#add({ line: 'settled', lastFault: at, at: at + 10, bound: 100, deadLetters: { relay: 0 } });
  }

  /** What views show, and subscribers have handled. */
  #observe(region: Region, at: number): void {
    const streamsOf = (type: TypeName) =>
      STREAMS.filter((stream) => typeNameOf(stream) === type && this.#has(region, stream).length > 0);
    const idOf = (stream: string) => stream.slice(stream.indexOf('/') + 1);
    const balances = streamsOf('account').map((stream): [string, unknown] => [
      idOf(stream),
      this.#stateOf(region, stream),
    ]);
    const view = { line: 'view', region } as const;
    this.#add({ ...view, view: 'balances', of: 'account', shows: 'rows', values: Object.fromEntries(balances) });
    const [counter] = streamsOf('counter');
    const values = counter ? { all: this.#stateOf(region, counter) } : {};
    this.#add({ ...view, view: 'counts', of: 'counter', shows: 'totals', sumOf: 'state', keyBy: 'all', values });
    const counts: Record<string, number> = {};
    for (const stream of STREAMS)
      for (const { log, position, state, events } of this.#has(region, stream))
        for (const [index, { id }] of events.entries()) {
          if (state !== 'visible') continue;
          counts[id] = 1;
          this.#add({
            ...{ line: 'handled', at: at + position, region, subscriber: 'tally', promises: 'in-order' },
            ...{ event: id, stream, log, position, index },
          });
        }
    this.#add({ line: 'tallied', region, subscriber: 'tally', of: 'events', counts });
  }
}

function dotOf({ log, position }: HistoryCommit) {
  return { log, position };
}
