import type { Effect } from '../../checkers/history.ts';
import { Dice } from '../../workload/dice.ts';
import type { Operation } from '../../workload/operation.ts';
import { seeded } from '../../world/time/randomness.ts';
import { REGIONS } from '../plan.ts';
import { FAILED, type Kind, TARGET, THIRD } from './kinds.ts';

/** What clients do, by what they need: the rows of a table of an outage. */
export const USES = {
  merge: { title: '`merge`', perSecond: 0.3 },
  'home-failed': { title: `\`home\` in ${FAILED}`, perSecond: 0.5 },
  'home-other': { title: '`home` elsewhere', perSecond: 0.3 },
  strong: { title: '`strong`', perSecond: 0.3 },
  'transaction-failed': { title: `transactions with a stream of ${FAILED}`, perSecond: 0.15 },
  'transaction-other': { title: 'transactions with other streams', perSecond: 0.15 },
  bus: { title: `by the bus, \`home\` in ${FAILED}`, perSecond: 0.05 },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly perSecond: number }>>;

export type UseName = keyof typeof USES;
export const USE_NAMES: readonly UseName[] = Object.keys(USES).filter(isUse);

function isUse(name: string): name is UseName {
  return Object.hasOwn(USES, name);
}

/** When things happen, in milliseconds from the start. */
export interface Times {
  readonly start: number;
  readonly command: number | undefined;
  readonly end: number | undefined;
  /** When the homes are brought back. */
  readonly back: number | undefined;
  readonly finish: number;
}

const BEFORE_MS = 20_000;
const AFTER_MS = 40_000;
/** How long after the end the homes are brought back, and how long the load lasts after that. */
const BACK_MS = 20_000;
/** How long the load lasts after the command if the outage does not end. */
const MOVED_MS = 100_000;

export function timesOf({ lasts, move }: Pick<Kind, 'lasts' | 'move'>): Times {
  const start = BEFORE_MS;
  const command = move && start + move.after;
  if (lasts === undefined)
    return { start, command, end: undefined, back: undefined, finish: start + (move?.after ?? 0) + MOVED_MS };
  const end = start + lasts;
  const back = move && end + (move.kind === 'planned' ? 0 : BACK_MS);
  return { start, command, end, back, finish: (back ?? end) + AFTER_MS };
}

/** Long outages that end have little load in their middle: this share, more than this long after and before anything happens. */
const THIN = 1 / 100;
const DENSE_AFTER_MS = 120_000;
const DENSE_BEFORE_MS = 20_000;

function isDense(at: number, { start, end }: Times): boolean {
  return end === undefined || at < start + DENSE_AFTER_MS || at > end - DENSE_BEFORE_MS;
}

/** An operation, and what it is for. */
export type Used = Operation & { readonly use: UseName };

/**
 * The operations of a run: each Region's clients send operations of each use at a steady rate, at moments that are drawn. When homes
 * are moved by force, the clients of the failed Region go to the target, until it is back.
 */
export function planOperations(seed: number, kind: Pick<Kind, 'lasts' | 'move' | 'load'>): Used[] {
  const dice = new Dice(seeded(seed));
  const times = timesOf(kind);
  const operations = REGIONS.flatMap((clients) =>
    USE_NAMES.flatMap((use) => {
      const step = 1_000 / (USES[use].perSecond * (kind.load ?? 1));
      const count = Math.floor(times.finish / step);
      return Array.from({ length: count }, (_, i) => Math.round(i * step + dice.between(0, step)))
        .filter((at) => isDense(at, times) || dice.chance(THIN))
        .map((at) => ({ at, region: isRedirected(at, kind, times) && clients === FAILED ? TARGET : clients, use }));
    }),
  ).sort((a, b) => a.at - b.at);
  return operations.map((operation, i) => operationOf({ ...operation, i }, dice));
}

/** How long after the command clients go to another Region. */
const REDIRECT_MS = 10_000;

function isRedirected(at: number, { move }: Pick<Kind, 'move'>, { command, end }: Times): boolean {
  if (move?.kind !== 'forced' || command === undefined) return false;
  return at >= command + REDIRECT_MS && at < (end ?? Number.POSITIVE_INFINITY);
}

/** Streams of each use: few enough that each is moved within seconds, and many enough that they are short. */
const STREAMS = 4;

type Append = Extract<Used, { readonly kind: 'append' }>;

function operationOf(
  { use, i, ...common }: Pick<Used, 'at' | 'region' | 'use'> & { readonly i: number },
  dice: Dice,
): Used {
  const key = dice.below(STREAMS);
  const head = { ...common, session: `c${i}`, use };
  const deposit = { do: 'add', amount: 1 } as const;
  const append = (stream: string, effect: Effect = deposit, onBus = false): Append => ({
    ...{ ...head, kind: 'append', stream, effect, withVersion: false, onBus },
  });
  const transact = (homes: readonly string[]): Used => ({
    ...{ ...head, kind: 'transact', driving: head.region, checks: [], timeoutSeconds: 30, wait: 20 },
    participants: homes.map((home) => ({ stream: `account/${home}.t${key}`, effect: deposit })),
  });
  switch (use) {
    case 'merge':
      return append(`counter/${key}`);
    case 'home-failed':
      return append(`account/${FAILED}.h${key}`);
    case 'home-other':
      return append(`account/${dice.pick([TARGET, THIRD])}.h${key}`);
    case 'strong':
      return append(`till/${key}`);
    case 'transaction-failed':
      return transact([FAILED, TARGET]);
    case 'transaction-other':
      return transact([TARGET, THIRD]);
    case 'bus':
      return append(`list/${FAILED}.b${key}`, { do: 'append', value: i }, true);
  }
}
