import type { Effect } from '../checkers/history.ts';
import type { Mode } from '../core/index.ts';
import { COMPLETE_AFTER_MS } from '../core/limits/budgets.ts';
import { Dice, type Random } from '../workload/dice.ts';
import { drawEffect } from '../workload/draw-effect.ts';
import type { Operation } from '../workload/operation.ts';
import { useOf } from '../workload/workload.ts';
import { seeded } from '../world/time/randomness.ts';
import type { Fault } from '../world/weather.ts';
import { type Aim, ALL_CALLS, aimsAt, CAUSES, LESS, PORT_FAULTS, SELDOM } from './calls.ts';
import { fullWorkload } from './domain.ts';
import type { Schedule, Step, Trouble } from './schedule.ts';

export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;

type Append = Extract<Operation, { readonly kind: 'append' }>;

/** What a history is about: how often each kind of trouble occurs, and what clients do. */
interface Profile {
  readonly why: string;
  readonly faults: readonly Fault[];
  /** Whether single calls of functions fail often, each in a way of its own. @default false */
  readonly aimed?: boolean;
  /** Fraction of transactions that have little time. @default a fifth */
  readonly hasty?: number;
  /** Fraction of histories whose streams have snapshots. @default half */
  readonly snapshots?: number;
  /** Fraction of appends that are sent by the bus. @default a tenth */
  readonly bus?: number;
  /** Whether links are cut. */
  readonly cuts: boolean;
  readonly restarts: boolean;
  readonly operators: boolean;
  readonly clocks: boolean;
  /** Whether the configuration changes: logs are renamed, a table is restored, a Region comes and goes. */
  readonly motion: boolean;
  /** Whether homes move: only as planned, or also forced. @default they stay */
  readonly moves?: 'planned' | 'forced';
  /** Whether operations come one by one, without anything else, so that what they take is counted. */
  readonly oneByOne: boolean;
  /** Number of streams of each type. Few streams are contended. */
  readonly streams: number;
  /** Whether there are streams in mode `strong`, and no others but `home` streams. @default false */
  readonly strong?: boolean;
  /** Number of types, which are drawn. Streams of few types are long. @default all */
  readonly types?: number;
  /** Weights of the operations. */
  readonly mix: { readonly append: number; readonly read: number; readonly transact: number };
}

const calm = {
  faults: [],
  cuts: false,
  restarts: false,
  operators: false,
  clocks: false,
  motion: false,
  oneByOne: false,
  streams: 2,
  mix: { append: 6, read: 4, transact: 3 },
} as const;

const ofLinks = [
  'replication.late',
  'replication.coalesced',
  'invoke.slow',
  'invoke.lost',
  'invoke.answer-lost',
  'client.lost',
  'client.answer-lost',
  'bus.dropped',
  'bus.partial',
] as const satisfies readonly Fault[];

const ofTables = [
  'table.torn',
  'table.stale',
  'table.conflict',
  'table.throttled',
  'table.unresolved',
  'decisions.stale',
  'decisions.write-conflict',
] as const satisfies readonly Fault[];

const ofProcesses = [...PORT_FAULTS, 'lambda.any-instance', 'lambda.throttled'] as const satisfies readonly Fault[];

const ofMessages = [
  'stream.again',
  'queue.again',
  'queue.refused',
  'machine.twice',
  'machine.task-twice',
  'machine.throttled',
  'machine.dies',
] as const satisfies readonly Fault[];

/** What leaves everything that is not a transaction alone: messages come once, and in their order. */
const ofTransactions: readonly Fault[] = ['machine.dies', 'decisions.stale', 'invoke.slow'];

export const PROFILES = {
  calm: { ...calm, why: 'no faults' },
  costs: { ...calm, why: 'no faults, one operation after the other: what each takes is counted', oneByOne: true },
  links: { ...calm, why: 'links that are cut, slow or lossy', faults: ofLinks, cuts: true },
  tables: { ...calm, why: 'tables that are torn, stale, throttled or cannot be reached', faults: ofTables },
  processes: { ...calm, why: 'processes that die, stall and lose answers', faults: ofProcesses, restarts: true },
  messages: { ...calm, why: 'messages and executions that come late and again', faults: ofMessages },
  clocks: { ...calm, why: 'clocks that differ', clocks: true, cuts: true },
  contention: {
    ...calm,
    why: 'transactions that compete for few streams',
    faults: [...ofProcesses, 'machine.dies', 'machine.twice', 'invoke.slow', 'invoke.answer-lost'],
    streams: 1,
    mix: { append: 2, read: 2, transact: 8 },
  },
  motion: {
    ...calm,
    why: 'logs that are renamed, a table that is restored, a Region that comes and goes, shards that split, replays',
    faults: ['stream.again', 'queue.again', 'lambda.any-instance'],
    restarts: true,
    operators: true,
    motion: true,
  },
  executions: {
    ...calm,
    why: 'transactions whose executions end at any step, or are slow, while everything else works',
    faults: ofTransactions,
    streams: 1,
    mix: { append: 6, read: 4, transact: 5 },
  },
  aimed: {
    ...calm,
    why: 'single calls of single functions that fail often, each in one way, while transactions compete',
    faults: [...ofTransactions, 'queue.again'],
    aimed: true,
    cuts: true,
    bus: 0.7,
    hasty: 0.6,
    snapshots: 0.9,
    operators: true,
    streams: 1,
    mix: { append: 6, read: 4, transact: 7 },
  },
  long: {
    ...calm,
    why: 'long streams of one type: many commits, and many snapshots',
    faults: [...ofLinks, ...ofMessages],
    cuts: true,
    restarts: true,
    operators: true,
    streams: 1,
    types: 1,
    mix: { append: 8, read: 3, transact: 2 },
  },
  strong: {
    ...calm,
    why: 'streams that every Region writes to one log, and that are linearizable, in all weathers',
    faults: [...ofLinks, ...ofTables, ...ofProcesses, ...ofMessages],
    cuts: true,
    restarts: true,
    operators: true,
    clocks: true,
    strong: true,
    streams: 1,
  },
  moves: {
    ...calm,
    why: 'homes that move as planned, back, and on, while clients write: every stream stays linearizable',
    faults: [...ofLinks, ...ofTables, ...ofProcesses, ...ofMessages],
    cuts: true,
    restarts: true,
    clocks: true,
    moves: 'planned',
    streams: 1,
  },
  failover: {
    ...calm,
    why: 'homes that are forced to move while a Region is cut off or its tables cannot be reached, and come back',
    faults: [...ofLinks, ...ofTables, ...ofProcesses, ...ofMessages],
    cuts: true,
    restarts: true,
    clocks: true,
    moves: 'forced',
    streams: 1,
  },
  everything: {
    ...calm,
    why: 'everything at once',
    faults: [...ofLinks, ...ofTables, ...ofProcesses, ...ofMessages],
    cuts: true,
    restarts: true,
    operators: true,
    clocks: true,
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES: readonly string[] = Object.keys(PROFILES);

export function isProfile(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}

/** Virtual milliseconds in which clients send operations. */
const ACTIVE_MS = 40_000;
const SESSIONS = 6;
/** Milliseconds of one direction of an Invoke where round trips are counted. */
export const ONE_WAY_MS = 50;

const LINKS = ['replication', 'bus', 'invoke'] as const;
type LinkKind = (typeof LINKS)[number];

/** The home of a stream; undefined if every Region writes it. */
export function homeOf(stream: string): string | undefined {
  return useOf(fullWorkload, stream).home(stream.slice(stream.indexOf('/') + 1), REGIONS);
}

/** The names of a history's streams. */
function streamsOf({ streams }: Pick<Profile, 'streams'>): readonly string[] {
  return Object.entries(fullWorkload.uses).flatMap(([type, { mode }]) =>
    Array.from({ length: streams }, (_, i) =>
      mode === 'home' ? `${type}/${REGIONS[i % REGIONS.length]}.${i}` : `${type}/${i}`,
    ),
  );
}

/** The share of operations that begin with the one before, and of those the share for the same stream. */
const AT_ONCE = 0.35;
const SAME_STREAM = 0.5;
/** The share of appends and transactions that are sent again, and of appends with the id of another one. */
const AGAIN = 0.12;
const SAME_ID = 0.04;

/** All ways in which single calls can fail. */
const AIMS: readonly Aim[] = ALL_CALLS.flatMap(aimsAt);
/** Three times as many consecutive seeds of the profile `aimed` take all of them. It is a prime, so that every thirteenth seed takes all, too. */
const TURNS = 37;

/** Draws a history: what clients do, and what goes wrong meanwhile. */
export function planHistory(seed: number, profile: ProfileName, operations = 50): Schedule {
  const random = seeded(seed);
  const of: Profile = PROFILES[profile];
  const draw = new Draw(seed, random, of);
  const setting = { ...draw.setting(), ...(of.moves && namedIn(seed)) };
  const steps = [
    ...draw.operations(operations),
    ...(of.strong || of.oneByOne ? [] : claimsOf(seed)),
    ...(of.faults.length > 0 || of.cuts || of.restarts || of.operators ? draw.troubles(setting.decisions) : []),
  ].sort((a, b) => a.at - b.at);
  return { seed, profile, setting, steps: of.moves ? withCompletion(withPins(steps, seed, of), seed) : steps };
}

/** The share of histories with moves of homes in which those of single streams move too. */
const PINNED = 0.5;
const PIN_SEEDS = 4_000_037;

/** With an operator who moves the homes of single streams, of which several moves may be of one stream at the same time. It is drawn apart, like the claims. */
function withPins(steps: readonly Step[], seed: number, profile: Profile): readonly Step[] {
  const dice = new Dice(seeded(seed + PIN_SEEDS));
  if (!dice.chance(PINNED)) return steps;
  const streams = streamsOf(profile).filter((stream) => homeOf(stream) !== undefined);
  const chosen = dice.take(streams, 1 + dice.below(2));
  const pins = Array.from({ length: 1 + dice.below(6) }, (): Trouble => {
    const at = Math.round(dice.between(0, ACTIVE_MS));
    return { kind: 'pin', at, region: dice.pick(REGIONS), stream: dice.pick(chosen), to: dice.pick(REGIONS) };
  });
  return [...steps, ...pins].sort((a, b) => a.at - b.at);
}

/** One of so many histories with moves of homes has a subscriber that is named to a Region. */
const NAMED_ONE_OF = 5;
const NAMED_REST = 3;

/** It is chosen by the seed, like what is drawn apart. */
function namedIn(seed: number): Pick<Schedule['setting'], 'named'> {
  if (seed % NAMED_ONE_OF !== NAMED_REST) return {};
  const named = REGIONS[Math.floor(seed / NAMED_ONE_OF) % REGIONS.length];
  return named === undefined ? {} : { named };
}

/** The share of histories with moves of homes in which an operator completes them. */
const COMPLETED = 0.3;
const COMPLETION_SEEDS = 2_000_003;
/** Virtual milliseconds in between in which nothing else happens. */
const COMPLETES_MS = COMPLETE_AFTER_MS + 60_000;

/** With an operator who completes moves shortly after one, while clients go on, and then after a pause. It is drawn apart, like the claims. */
function withCompletion(steps: readonly Step[], seed: number): Step[] {
  const dice = new Dice(seeded(seed + COMPLETION_SEEDS));
  if (!dice.chance(COMPLETED)) return [...steps];
  const moves = steps.flatMap((step) => (step.kind === 'move' ? step.at : []));
  const at = Math.round(dice.pick(moves) + dice.between(0, 5_000));
  const pause = at + dice.between(2_000, 15_000);
  const later = (time: number): number => (time > pause ? time + COMPLETES_MS : time);
  const put = <S extends Step>(step: S): S => ({
    ...step,
    at: later(step.at),
    ...('until' in step && { until: later(step.until) }),
  });
  return [...steps.map(put), { kind: 'complete' as const, at }].sort((a, b) => a.at - b.at);
}

/** The share of histories in which prizes are claimed. */
const CLAIMED = 0.3;
const CLAIM_SEEDS = 1_000_003;

/**
 * Claims of few prizes, which several Regions make at the same time, and repeat. They are drawn apart, so that the other operations of a
 * seed do not depend on them.
 */
function claimsOf(seed: number): readonly Operation[] {
  const dice = new Dice(seeded(seed + CLAIM_SEEDS));
  if (!dice.chance(CLAIMED)) return [];
  const rounds = Array.from({ length: 1 + dice.below(3) }, () => Math.round(dice.between(0, ACTIVE_MS)));
  return rounds.flatMap((from, round) =>
    dice.take([...REGIONS], 2 + dice.below(2)).map((region, i): Operation => {
      const repeated = dice.chance(0.3) && {
        again: { region: dice.pick(REGIONS), after: Math.round(dice.between(0, 5_000)) },
      };
      const common = { at: from + Math.round(dice.between(0, 300)), session: `c${i}`, region };
      const id = `claim-${round}-${dice.chance(0.1) ? 0 : i}`;
      const effect = { do: 'claim', by: region } as const;
      return {
        ...common,
        kind: 'append',
        id,
        stream: `prize/${round % 2}`,
        effect,
        withVersion: dice.chance(0.2),
        onBus: dice.chance(0.1),
        ...repeated,
      };
    }),
  );
}

class Draw {
  readonly #seed: number;
  readonly #dice: Dice;
  readonly #profile: Profile;
  readonly #streams: readonly string[];
  /** The streams that can take part in transactions. */
  readonly #serialStreams: readonly string[];
  readonly #drawn: Operation[] = [];

  constructor(seed: number, random: Random, profile: Profile) {
    this.#seed = seed;
    this.#dice = new Dice(random);
    this.#profile = profile;
    this.#streams = this.#drawStreams(profile);
    this.#serialStreams = this.#streams.filter((stream) => useOf(fullWorkload, stream).mode !== 'merge');
  }

  setting(): Schedule['setting'] {
    const { clocks, faults, oneByOne, motion, snapshots = 0.5, strong = false } = this.#profile;
    const isMessy = faults.some((fault) => !ofTransactions.includes(fault));
    return {
      regions: [...REGIONS],
      decisions: this.#dice.chance(0.5) || strong ? 'strong' : 'eventual',
      snapshots: !oneByOne && this.#dice.chance(snapshots),
      duplicates: isMessy && this.#dice.chance(0.5) ? 0.2 : 0,
      reorders: isMessy && this.#dice.chance(0.5),
      clockAhead: clocks
        ? Object.fromEntries(REGIONS.map((region) => [region, Math.round(this.#dice.between(-5_000, 5_000))]))
        : {},
      invoke: oneByOne ? [ONE_WAY_MS, ONE_WAY_MS] : this.#dice.chance(0.5) ? [20, 50] : [80, 120],
      slowTables: !oneByOne && this.#dice.chance(0.7),
      oneByOne,
      recoverable: motion,
      strong,
    };
  }

  #drawStreams(profile: Profile): readonly string[] {
    const isUsed = (mode: Mode): boolean => (profile.strong ? mode !== 'merge' : mode !== 'strong');
    const used = Object.values(fullWorkload.uses).filter(({ mode, kind }) => isUsed(mode) && kind !== 'claims');
    const types = new Set(used.map(({ type }) => type));
    while (types.size > (profile.types ?? types.size)) types.delete(this.#dice.pick([...types]));
    return streamsOf(profile).filter((stream) => types.has(useOf(fullWorkload, stream).type));
  }

  operations(count: number): readonly Operation[] {
    for (let i = 0; i < count; i++) this.#drawn.push(this.#operation(i));
    return this.#drawn;
  }

  #operation(i: number): Operation {
    const { oneByOne, mix } = this.#profile;
    const { append, read } = mix;
    const transact = this.#serialStreams.length > 0 ? mix.transact : 0;
    const before = !oneByOne && this.#dice.chance(AT_ONCE) ? this.#drawn.at(-1) : undefined;
    const at = before?.at ?? Math.round(this.#dice.between(0, ACTIVE_MS));
    const session = `s${this.#dice.below(SESSIONS)}`;
    const region = this.#dice.pick(REGIONS);
    const roll = this.#dice.between(0, append + read + transact);
    const common = { at, session, region };
    const stream = this.#streamOf(before) ?? this.#dice.pick(this.#streams);
    if (roll < append) return this.#append({ ...common, stream }, i);
    if (roll < append + read) return this.#read({ ...common, stream });
    return this.#transaction(common, i);
  }

  #read(common: Pick<Append, 'at' | 'session' | 'region' | 'stream'>): Operation {
    const atLeast = this.#dice.chance(0.5);
    const isLocal = useOf(fullWorkload, common.stream).mode === 'strong' && this.#dice.chance(0.2);
    return { ...common, kind: 'read', atLeast, ...(isLocal && { local: true }) };
  }

  /** The stream of the operation before, which two clients then want at once. */
  #streamOf(before: Operation | undefined): string | undefined {
    return before && 'stream' in before && this.#dice.chance(SAME_STREAM) ? before.stream : undefined;
  }

  #append(common: Pick<Append, 'at' | 'session' | 'region' | 'stream'>, i: number): Append {
    const { oneByOne, aimed, bus = 0.1 } = this.#profile;
    const other = !oneByOne && this.#dice.chance(SAME_ID) ? this.#shared() : undefined;
    const stream = other?.stream ?? common.stream;
    // In its home a message of the bus is handled by `ingest` itself.
    const home = aimed && this.#dice.chance(0.5) ? homeOf(stream) : undefined;
    return {
      ...{ ...common, region: home ?? common.region },
      kind: 'append',
      stream,
      effect: this.#effect(stream, i),
      withVersion: this.#dice.chance(0.3),
      onBus: !oneByOne && this.#dice.chance(bus),
      ...(other && { id: other.id }),
      ...this.#again(),
    };
  }

  /** Gives an earlier append an id that another one of its stream can have, too. */
  #shared(): { readonly id: string; readonly stream: string } | undefined {
    const own = this.#drawn.flatMap((each, k) =>
      each.kind === 'append' && each.id === undefined ? [{ each, k }] : [],
    );
    if (own.length === 0) return undefined;
    const { each, k } = this.#dice.pick(own);
    const id = `shared-${k + 1}`;
    this.#drawn[k] = { ...each, id };
    return { id, stream: each.stream };
  }

  #again(): Pick<Append, 'again'> {
    if (this.#profile.oneByOne || !this.#dice.chance(AGAIN)) return {};
    const after = this.#dice.chance(0.5) ? this.#dice.between(0, 1_000) : this.#dice.between(1_000, 10_000);
    return { again: { region: this.#dice.pick(REGIONS), after: Math.round(after) } };
  }

  #transaction(common: Pick<Operation, 'at' | 'session' | 'region'>, i: number): Operation {
    const { hasty = 0.2 } = this.#profile;
    const pool = [...this.#serialStreams];
    const participants = this.#dice.take(pool, 1 + this.#dice.below(3)).map((stream) => ({
      stream,
      effect: this.#effect(stream, i),
    }));
    const checks = this.#dice.take(pool, this.#dice.below(2));
    return {
      ...common,
      kind: 'transact',
      driving: this.#dice.chance(0.7) ? common.region : this.#dice.pick(REGIONS),
      participants,
      checks,
      timeoutSeconds: this.#dice.chance(1 - hasty) ? 30 : 5,
      wait: this.#profile.oneByOne || this.#dice.chance(0.7) ? 20 : 0,
      ...this.#again(),
    };
  }

  #effect(stream: string, i: number): Effect {
    return drawEffect(useOf(fullWorkload, stream).kind, i, this.#dice, REGIONS);
  }

  /** @param decisions no Region can be added to strong ones */
  troubles(decisions: Schedule['setting']['decisions']): readonly Trouble[] {
    const { faults, cuts, restarts, operators, clocks, motion } = this.#profile;
    const count = 2 + this.#dice.below(10);
    const kinds: readonly (() => Trouble | readonly Trouble[])[] = [
      ...faults.map((fault) => () => this.#weather(fault)),
      ...(cuts ? [1, 2, 3].map(() => () => this.#cut()) : []),
      ...(faults.includes('table.stale') ? [() => this.#outage()] : []),
      ...(restarts ? [() => this.#newProcesses()] : []),
      ...(clocks ? [1, 2, 3].map(() => () => this.#clock()) : []),
      ...(operators ? [1, 2, 3].map(() => () => this.#operator()) : []),
    ];
    const moves = motion ? this.#moves(decisions) : this.#homeMoves();
    const aimed = this.#profile.aimed ? this.#aimed() : [];
    return [...moves, ...aimed, ...Array.from({ length: count }, () => this.#dice.pick(kinds)()).flat()];
  }

  /** Each at most once, and not two in one Region: each stops its functions, and starts them again. */
  #moves(decisions: Schedule['setting']['decisions']): readonly Trouble[] {
    const at = this.#when();
    const renamed = this.#dice.pick(REGIONS);
    const restored = this.#dice.pick(REGIONS.filter((region) => region !== renamed));
    const all: readonly Trouble[] = [
      { kind: 'rename', at, region: renamed, log: `${renamed}-renamed` },
      { kind: 'restore', at: this.#when(), region: restored, log: `${restored}-restored`, back: this.#lasts() },
      { kind: 'split', at: this.#when(), region: this.#dice.pick(REGIONS) },
      { kind: 'replay', at: this.#when(), region: this.#dice.pick(REGIONS), back: this.#lasts() },
      ...(decisions === 'eventual'
        ? [{ kind: 'guest', at, until: at + this.#lasts(), region: 'eu-west-1' } as const]
        : []),
    ];
    return all.filter(() => this.#dice.chance(0.5));
  }

  /** Homes move three times on average; of those that may be forced, half are, and then the Region is often cut off. */
  #homeMoves(): readonly Trouble[] {
    const { moves } = this.#profile;
    if (!moves) return [];
    return Array.from({ length: 1 + this.#dice.below(5) }, () => {
      const at = this.#when();
      const region = this.#dice.pick(REGIONS);
      const to = this.#dice.pick(REGIONS.filter((each) => each !== region));
      const how = moves === 'forced' && this.#dice.chance(0.5) ? 'forced' : 'planned';
      const lost: Trouble = { kind: 'outage', at: Math.max(0, at - 2_000), until: at + this.#lasts(), region };
      const move: Trouble = { kind: 'move', at, region, to, how };
      return how === 'forced' && this.#dice.chance(0.7) ? [lost, move] : [move];
    }).flat();
  }

  /** In one Region, or in all of them. */
  #weather(fault: Fault): readonly Trouble[] {
    const at = this.#when();
    const until = at + this.#lasts();
    const rate = this.#dice.chance(0.5) ? this.#dice.between(0.02, 0.2) : this.#dice.between(0.2, 0.8);
    const regions = this.#dice.chance(0.4) ? REGIONS : [this.#dice.pick(REGIONS)];
    return regions.map((region) => ({ kind: 'weather', at, until, fault, region, rate }));
  }

  /**
   * What seldom happens would seldom fail otherwise. One seed of three has failures of the calls that happen least, while the
   * rest works, which brings them about, another one of those that happen less than others; the third one has its turn of all ways
   * in which calls can fail.
   */
  #aimed(): readonly Trouble[] {
    const turn = Math.floor(this.#seed / 3);
    const one = (call: string, i: number) => aimsAt(call).filter((_, k, all) => k === (turn + i) % all.length);
    const kind = this.#seed % 3;
    const aims =
      kind === 0
        ? [...SELDOM.flatMap(one), ...CAUSES.filter(() => this.#dice.chance(0.5))]
        : kind === 1
          ? LESS.flatMap(one)
          : AIMS.filter((_, i) => i % TURNS === turn % TURNS);
    return [
      ...aims.flatMap((aim) => this.#aim(aim)),
      // What is read after it may rule out snapshots.
      ...(kind === 0 ? [1, 2, 3].map(() => this.#cut(['replication'], this.#dice.between(2_000, 15_000))) : []),
      ...(this.#dice.chance(0.5)
        ? this.#everywhere({ fault: 'machine.dies', rate: this.#dice.between(0.1, 0.4) })
        : []),
      ...REGIONS.flatMap((region) => this.#operatorsIn(region)),
    ];
  }

  #aim({ call, fault }: Aim): readonly Trouble[] {
    return this.#everywhere({ call, fault, rate: this.#dice.between(0.2, 1) });
  }

  /** In all Regions, for as long as clients send operations, or from some time then. */
  #everywhere(of: { readonly fault: Fault; readonly rate: number; readonly call?: string }): readonly Trouble[] {
    const at = this.#dice.chance(0.5) ? 0 : this.#when();
    return REGIONS.map((region) => ({ kind: 'weather', at, until: at + ACTIVE_MS, region, ...of }));
  }

  /** A message that cannot be read, which is sent again soon after, and the rebuild of a view. */
  #operatorsIn(region: string): readonly Trouble[] {
    const at = this.#when();
    return [
      { kind: 'poison', at, region },
      { kind: 'redrive', at: at + Math.round(this.#dice.between(500, 5_000)), region },
      { kind: 'rebuild', at: this.#when(), region, view: this.#dice.pick(Object.keys(fullWorkload.views)) },
    ];
  }

  #cut(only?: readonly LinkKind[], milliseconds?: number): Trouble {
    const at = this.#when();
    const from = this.#dice.pick(REGIONS);
    const to = this.#dice.pick(REGIONS.filter((region) => region !== from));
    const links = only ?? (this.#dice.chance(0.5) ? LINKS : [this.#dice.pick(LINKS)]);
    return { kind: 'cut', at, until: at + Math.round(milliseconds ?? this.#lasts()), from, to, links: [...links] };
  }

  #outage(): Trouble {
    const at = this.#when();
    return { kind: 'outage', at, until: at + this.#lasts(), region: this.#dice.pick(REGIONS) };
  }

  #newProcesses(): Trouble {
    return { kind: this.#dice.chance(0.5) ? 'restart' : 'deploy', at: this.#when(), region: this.#dice.pick(REGIONS) };
  }

  #clock(): Trouble {
    const common = { at: this.#when(), region: this.#dice.pick(REGIONS) };
    const furthest = this.#dice.pick([1_000, 60_000, 600_000]);
    return this.#dice.chance(0.7)
      ? { kind: 'jump', ...common, milliseconds: Math.round(this.#dice.between(-furthest, furthest)) }
      : { kind: 'drift', ...common, millionths: Math.round(this.#dice.between(-50_000, 50_000)) };
  }

  #operator(): Trouble {
    const common = { at: this.#when(), region: this.#dice.pick(REGIONS) };
    const kind = this.#dice.pick(['rebuild', 'republish', 'redrive', 'poison'] as const);
    return kind === 'rebuild'
      ? { kind, ...common, view: this.#dice.pick(Object.keys(fullWorkload.views)) }
      : { kind, ...common };
  }

  #when(): number {
    return Math.round(this.#dice.between(0, ACTIVE_MS));
  }

  #lasts(): number {
    return Math.round(this.#dice.chance(0.5) ? this.#dice.between(200, 5_000) : this.#dice.between(5_000, 40_000));
  }
}
