import type { Effect } from '../../checkers/history.ts';
import { Dice, type Random } from '../../workload/dice.ts';
import { drawEffect } from '../../workload/draw-effect.ts';
import type { Operation } from '../../workload/operation.ts';
import { type Use, useOf, type Workload } from '../../workload/workload.ts';
import { CliError } from '../client/cli-error.ts';

/** Streams of each type: few, so that operations meet. */
const STREAMS = 2;
/** How often each kind of operation is drawn. */
const MIX = { append: 6, read: 4, transact: 3 } as const;

/** A stream that a recording uses. */
export interface UsedStream {
  readonly name: string;
  readonly use: Use;
  /** Undefined: every Region writes it. */
  readonly home: string | undefined;
}

/**
 * New streams of every type.
 * @param key digits that no other recording has
 * @throws CliError `wrong-home`: an id is not at home in the Region that it was made for
 */
export function streamsFor(workload: Workload, regions: readonly string[], key: string): readonly UsedStream[] {
  return Object.values(workload.uses).flatMap((use) =>
    Array.from({ length: STREAMS }, (_, i): UsedStream => {
      const wanted = regions[i % regions.length] ?? '';
      const id = use.id(`${key}${i}`, wanted);
      const name = `${use.type}/${id}`;
      const home = use.home(id, regions);
      if (home !== undefined && home !== wanted)
        throw new CliError('wrong-home', `The workload makes ${name} for ${wanted}, but it is at home in ${home}.`);
      return { name, use, home };
    }),
  );
}

export interface DrawOptions {
  readonly workload: Workload;
  readonly regions: readonly string[];
  readonly streams: readonly UsedStream[];
  readonly operations: number;
  readonly sessions: number;
  /** Milliseconds over which the operations are spread. 0: each as soon as its session has nothing else to do. */
  readonly lasts: number;
}

/** Draws what clients do: with the same numbers, the same. */
export function drawOperations(random: Random, options: DrawOptions): readonly Operation[] {
  const draw = new Draw(random, options);
  return Array.from({ length: options.operations }, (_, i) => draw.operation(i));
}

class Draw {
  readonly #dice: Dice;
  readonly #options: DrawOptions;
  readonly #homeStreams: readonly UsedStream[];
  /** By stream: who has asked for a seat. */
  readonly #takers = new Map<string, string[]>();

  constructor(random: Random, options: DrawOptions) {
    this.#dice = new Dice(random);
    this.#options = options;
    this.#homeStreams = options.streams.filter(({ home }) => home !== undefined);
  }

  operation(i: number): Operation {
    const { operations, sessions, lasts, regions, streams } = this.#options;
    const common = {
      at: Math.round((lasts * i) / operations),
      session: `s${this.#dice.below(sessions)}`,
      region: this.#dice.pick(regions),
    };
    const roll = this.#dice.between(0, MIX.append + MIX.read + (this.#homeStreams.length > 0 ? MIX.transact : 0));
    if (roll >= MIX.append + MIX.read) return this.#transaction(common, i);
    const stream = this.#dice.pick(streams).name;
    if (roll >= MIX.append) return { ...common, kind: 'read', stream, atLeast: this.#dice.chance(0.5) };
    const effect = this.#effect(stream, i);
    return { ...common, kind: 'append', stream, effect, withVersion: this.#dice.chance(0.3), onBus: false };
  }

  #transaction(common: Pick<Operation, 'at' | 'session' | 'region'>, i: number): Operation {
    const left = this.#homeStreams.map(({ name }) => name);
    return {
      ...common,
      kind: 'transact',
      driving: this.#dice.chance(0.7) ? common.region : this.#dice.pick(this.#options.regions),
      participants: this.#dice.take(left, 1 + this.#dice.below(3)).map((stream) => ({
        stream,
        effect: this.#effect(stream, i),
      })),
      checks: this.#dice.take(left, this.#dice.below(2)),
      timeoutSeconds: 30,
      wait: this.#dice.chance(0.7) ? 20 : 0,
    };
  }

  /** A name takes one seat at most: what a second one means differs between domains. */
  #effect(stream: string, i: number): Effect {
    const effect = drawEffect(useOf(this.#options.workload, stream).kind, i, this.#dice, this.#options.regions);
    const takers = this.#takers.get(stream) ?? [];
    if (effect.do === 'release' && takers.length > 0) return { ...effect, by: this.#dice.pick(takers) };
    if (effect.do !== 'take') return effect;
    const by = `${effect.by}-${i}`;
    this.#takers.set(stream, [...takers, by]);
    return { ...effect, by };
  }
}
