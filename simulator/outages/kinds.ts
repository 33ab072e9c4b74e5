import type { Fault } from '../../world/weather.ts';
import type { World } from '../../world/world.ts';
import { ALL_CALLS } from '../calls.ts';
import { REGIONS } from '../plan.ts';

/** The Region that something happens to, the one that its homes are moved to, and the other one. */
export const [FAILED, TARGET, THIRD] = REGIONS;

const OTHERS = [TARGET, THIRD] as const;
const LINKS = ['replication', 'bus', 'invoke'] as const;

/** A kind of outage: what happens, when an operator acts, and who does what. */
export interface Kind {
  readonly title: string;
  /** What the run does to the world, for the page. */
  readonly what: string;
  /** Milliseconds that it lasts; undefined: it does not end. */
  readonly lasts?: number;
  /** The command that an operator gives, and how long after the outage started; undefined: none is needed. */
  readonly move?: { readonly kind: 'planned' | 'forced'; readonly after: number };
  /** How many times the usual load there is. @default 1 */
  readonly load?: number;
  /** Who does what, for the page. */
  readonly who: string;
  begin(world: World): void;
  end(world: World): void;
}

const MINUTE = 60_000;

function setFaults(
  world: World,
  fault: Fault,
  rate: number,
  calls: readonly (string | undefined)[] = [undefined],
): void {
  for (const call of calls) world.weather.set(fault, rate, FAILED, call);
}

function cutOff(world: World): void {
  for (const other of OTHERS) {
    world.cut(FAILED, other, LINKS);
    world.cut(other, FAILED, LINKS);
  }
}

function joinAgain(world: World): void {
  for (const other of OTHERS) {
    world.heal(FAILED, other);
    world.heal(other, FAILED);
  }
}

/** The calls of the functions that bring events from the tables to buses, subscribers and views. */
const BEHIND = ALL_CALLS.filter((call) => call.startsWith('relay ') || call.startsWith('projection '));

const AWAY_MS = 5 * MINUTE;
const UNRESOLVED_MS = 180 * MINUTE;

/** All kinds, by name, in the order of the page. */
export const KINDS = {
  'functions-fail': {
    title: 'The functions of a Region fail',
    what: `every process in ${FAILED} ends at its first call, half of them after it took effect`,
    lasts: MINUTE,
    who: 'operator: rolls back the deployment; callers: go to another Region',
    begin: (world) => setFaults(world, 'process.dies', 1),
    end: (world) => setFaults(world, 'process.dies', 0),
  },
  'functions-behind-fail': {
    title: 'The functions behind the tables fail',
    what: `every process of \`relay\` and \`projection\` in ${FAILED} ends at its first call`,
    lasts: MINUTE,
    who: 'operator: rolls back the deployment',
    begin: (world) => setFaults(world, 'process.dies', 1, BEHIND),
    end: (world) => setFaults(world, 'process.dies', 0, BEHIND),
  },
  throttled: {
    title: 'The tables of a Region are throttled',
    what: `a tenth of the calls of tables in ${FAILED} find their partition throttled, then for 1 to 10 s`,
    lasts: MINUTE,
    who: 'operator: raises the limit of the table; callers: retry',
    begin: (world) => setFaults(world, 'table.throttled', 0.1),
    end: (world) => setFaults(world, 'table.throttled', 0),
  },
  'bus-down': {
    title: 'The bus of a Region is down',
    what: `the bus in ${FAILED} takes no entry, and no event is forwarded to it or from it`,
    lasts: MINUTE,
    who: 'operator: republishes, if it lasted for more than a day',
    begin(world) {
      setFaults(world, 'bus.partial', 1);
      for (const other of OTHERS) {
        world.cut(FAILED, other, ['bus']);
        world.cut(other, FAILED, ['bus']);
      }
    },
    end(world) {
      setFaults(world, 'bus.partial', 0);
      joinAgain(world);
    },
  },
  'link-one-way': {
    title: 'One link is cut, one way',
    what: `nothing passes from ${FAILED} to ${TARGET}; everything passes the other way`,
    lasts: MINUTE,
    who: 'callers: retry, or go to another Region',
    begin: (world) => world.cut(FAILED, TARGET, LINKS),
    end: joinAgain,
  },
  'link-both-ways': {
    title: 'One link is cut, both ways',
    what: `nothing passes between ${FAILED} and ${TARGET}; both reach ${THIRD}`,
    lasts: MINUTE,
    who: 'callers: retry, or go to another Region',
    begin(world) {
      world.cut(FAILED, TARGET, LINKS);
      world.cut(TARGET, FAILED, LINKS);
    },
    end: joinAgain,
  },
  'cut-off': {
    title: 'A Region is cut off from the others',
    what: `nothing passes between ${FAILED} and the other Regions; its callers still reach it`,
    lasts: MINUTE,
    who: 'callers: go to another Region for other homes and `strong` streams',
    begin: cutOff,
    end: joinAgain,
  },
  'dynamodb-unresolved': {
    title: "A Region's DynamoDB does not resolve",
    what: `every call of a table in ${FAILED} fails for three hours, and nothing is replicated to or from it, while its functions live`,
    lasts: UNRESOLVED_MS,
    move: { kind: 'forced', after: MINUTE },
    who: 'operator: sends callers to another Region, forces the move; afterwards puts dead letters back, and fails back',
    begin: (world) => world.region(FAILED).cutTables(UNRESOLVED_MS),
    end: () => undefined,
  },
  'lost-for-a-while': {
    title: 'A Region is lost for a while',
    what: `nothing runs in ${FAILED} for five minutes, and nothing reaches it; it returns with everything that it had stored`,
    lasts: AWAY_MS,
    move: { kind: 'forced', after: MINUTE },
    who: 'operator: sends callers to another Region, forces the move; afterwards looks at the conflicts, and fails back',
    begin(world) {
      world.region(FAILED).restart();
      world.region(FAILED).cutTables(AWAY_MS);
      for (const fault of ['lambda.throttled', 'bus.partial'] as const) setFaults(world, fault, 1);
      cutOff(world);
    },
    end(world) {
      for (const fault of ['lambda.throttled', 'bus.partial'] as const) setFaults(world, fault, 0);
      joinAgain(world);
    },
  },
  'lost-for-good': {
    title: 'A Region is lost permanently',
    what: `${FAILED} is gone, with everything that it had not sent`,
    move: { kind: 'forced', after: MINUTE },
    load: 2,
    who: 'operator: sends callers to another Region, forces the move; then looks for hidden commits, and removes the Region',
    begin: (world) => world.lose(FAILED),
    end: () => undefined,
  },
  drained: {
    title: 'A Region is drained, as planned',
    what: `nothing fails: the homes of ${FAILED} are moved while it works, and come back a minute later`,
    lasts: MINUTE,
    move: { kind: 'planned', after: 0 },
    who: 'operator: fails over as planned, and fails back',
    begin: () => undefined,
    end: () => undefined,
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES: readonly KindName[] = Object.keys(KINDS).filter(isKind);

export function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name);
}
