import { seeded } from '../../world/time/randomness.ts';
import { type Arrival, type Load, poisson, REGIONS, type SceneOptions } from './scene.ts';

/** A load of the table, and what has to hold for it. */
export interface NamedLoad {
  readonly name: string;
  readonly must: string;
  readonly load: (seed: number) => Load;
  /** Deviations of the functions. @default none */
  readonly functions?: NonNullable<SceneOptions['functions']>;
}

const MINUTES = 60_000;

function regionAt(i: number): string {
  return REGIONS[i % REGIONS.length] ?? REGIONS[0];
}

const HOT = `account/${regionAt(1)}.hot`;

/** The `i`th transaction over a shared stream and one of its own; Regions take turns in driving. */
function overHot(i: number, at: number, hot = HOT): Arrival {
  return { at, id: `${regionAt(i)}:t${i}`, streams: [hot, `account/${regionAt(i + 2)}.own-${i}`] };
}

function atOnce(count: number, make: (i: number) => Arrival): Load {
  return { arrivals: Array.from({ length: count }, (_, i) => make(i)) };
}

function ofTimes(times: readonly number[], make = overHot): Load {
  return { arrivals: times.map((at, i) => make(i, at)) };
}

function steady(perSecond: number, minutes: number): NamedLoad['load'] {
  return (seed) => ofTimes(poisson(seed, perSecond, minutes * MINUTES));
}

function inOneRegion(i: number, at: number): Arrival {
  return { at, id: `${regionAt(1)}:t${i}`, streams: [HOT, `account/${regionAt(1)}.own-${i}`] };
}

function opposite(i: number): Arrival {
  const pair = [`account/${regionAt(0)}.left`, `account/${regionAt(1)}.right`];
  return { at: 0, id: `${regionAt(i)}:t${i}`, streams: i % 2 === 0 ? pair : pair.reverse() };
}

function ring(i: number): Arrival {
  const at = (n: number) => `account/${regionAt(n % 5)}.ring-${n % 5}`;
  return { at: 0, id: `${regionAt(i)}:t${i}`, streams: [at(i), at(i + 1)] };
}

/** Five of 100 streams, the nth of them with a weight of 1/n. */
function zipf(seed: number): Load {
  const random = seeded(seed + 1000);
  const weights = Array.from({ length: 100 }, (_, i) => 1 / (i + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const draw = () => {
    let left = random() * total;
    return weights.findIndex((weight) => {
      left -= weight;
      return left <= 0;
    });
  };
  return ofTimes(poisson(seed, 4, 5 * MINUTES), (i, at) => {
    const drawn = new Set<number>();
    while (drawn.size < 5) drawn.add(Math.max(0, draw()));
    return { at, id: `${regionAt(i)}:t${i}`, streams: [...drawn].map((n) => `account/${regionAt(n)}.z${n}`) };
  });
}

/** A wide transaction every 5 s among narrow ones, six per second, over the same five streams. */
function wide(seed: number): Load {
  const busy = Array.from({ length: 5 }, (_, n) => `account/${regionAt(n)}.busy-${n}`);
  const narrow = ofTimes(poisson(seed, 6, 2 * MINUTES), (i, at) => overHot(i, at, busy[i % 5]));
  const wides = Array.from(
    { length: 24 },
    (_, i): Arrival => ({ at: i * 5000, id: `${regionAt(i)}:w${i}`, streams: busy }),
  );
  return { arrivals: [...narrow.arrivals, ...wides] };
}

export const loads: readonly NamedLoad[] = [
  {
    name: 'alone',
    must: '2k+1 writes',
    load: () => ({
      arrivals: Array.from({ length: 3 }, (_, i) => overHot(0, i * 5000)).map((one, i) => ({
        ...one,
        id: `${regionAt(0)}:t${i}`,
      })),
    }),
  },
  {
    name: '20 at once, one hot stream',
    must: 'all commit; p50 ≤ 2 s, max ≤ 4 s',
    load: () => atOnce(20, (i) => overHot(i, 0)),
  },
  { name: '50 at once', must: 'all commit, max ≤ 9 s', load: () => atOnce(50, (i) => overHot(i, 0)) },
  {
    name: '60 at once, few instances',
    must: 'all commit, max ≤ 9 s, nothing held',
    load: () => atOnce(60, (i) => overHot(i, 0)),
    functions: { participant: { instances: 20, throttles: true }, turn: { instances: 10, throttles: true } },
  },
  { name: '200 at once', must: '≥ 95 % in 30 s, nothing held', load: () => atOnce(200, (i) => overHot(i, 0)) },
  { name: 'Poisson 3/s', must: 'p99 ≤ 1.2 s', load: steady(3, 10) },
  { name: 'Poisson 5/s', must: 'p99 ≤ 2.5 s, max ≤ 5 s, none aborted, ≤ 6 more writes', load: steady(5, 10) },
  { name: 'Poisson 7/s', must: 'none aborted', load: steady(7, 10) },
  {
    name: 'two streams in opposite orders, 20 at once',
    must: 'all commit, max ≤ 8 s',
    load: () => atOnce(20, opposite),
  },
  { name: 'ring of five, 50 at once', must: 'all commit, max ≤ 9 s', load: () => atOnce(50, ring) },
  { name: 'Zipf(1) over 100 streams, k = 5, 4/s', must: 'p99 ≤ 2.5 s, none aborted', load: zipf },
  { name: 'k = 5 every 5 s among 6/s', must: 'none aborted, max ≤ 4 s', load: wide },
  {
    name: 'a driver dies while it holds',
    must: 'the next commit within 4.5 s',
    load: () => ({ ...atOnce(2, (i) => overHot(i, i * 500)), dies: (id) => id.endsWith(':t0') }),
  },
  {
    name: '1 % of drivers die, 5/s',
    must: 'p99 ≤ 5 s, nothing held',
    load: (seed) => ({ ...steady(5, 5)(seed), dies: (id) => Number(id.slice(id.lastIndexOf('t') + 1)) % 100 === 50 }),
  },
  {
    name: 'appends 5/s beside 4 transactions/s',
    must: 'p99 ≤ 1.5 s, none refused',
    load: (seed) => ({
      ...steady(4, 5)(seed),
      appends: poisson(seed + 2000, 5, 5 * MINUTES).map((at) => ({ at, stream: HOT })),
    }),
  },
  {
    name: 'one Region: 50 at once',
    must: 'max ≤ 2 s, no stream-busy',
    load: () => atOnce(50, (i) => inOneRegion(i, 0)),
  },
  {
    name: 'one Region: 200 at once',
    must: 'max ≤ 5 s, no stream-busy',
    load: () => atOnce(200, (i) => inOneRegion(i, 0)),
  },
  {
    name: 'one Region: Poisson 25/s',
    must: 'p99 ≤ 0.6 s',
    load: (seed) => ofTimes(poisson(seed, 25, 2 * MINUTES), inOneRegion),
  },
];
