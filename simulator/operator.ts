import { keyOf, type Placement, type PlacementEntry } from '../core/facts/placement.ts';
import { type ActionInput, type ActionResult, type OperatorAction, operatorActions } from '../core/index.ts';
import type { WorldRegion } from '../world/region/region.ts';
import { type Scheduler, sleepOn } from '../world/time/scheduler.ts';

const PAUSE_MS = 1_000;
/** How often an operator repeats a step that fails. */
const TRIES = 100;

/** An operator of a Region, who repeats what fails. */
export class Operator {
  readonly #region: WorldRegion;
  readonly #scheduler: Scheduler;

  constructor(region: WorldRegion, scheduler: Scheduler) {
    this.#region = region;
    this.#scheduler = scheduler;
  }

  /** Rebuilds a view to its end, unless another rebuild of it begins. */
  async rebuild(view: string): Promise<void> {
    const begun = await this.#ask('rebuild-begin', { view, segments: 2 });
    for (const { segment } of begun?.segments ?? [])
      for (let done = false; !done; ) {
        const step = await this.#ask('rebuild-step', { view, build: begun?.build ?? 0, segment });
        done = !step || step.done || step.build !== begun?.build || step.segments[segment]?.done === true;
      }
  }

  /** Publishes what the Region has written since a time, in milliseconds since 1970. */
  async republish(since: number): Promise<void> {
    const from = { since: new Date(since).toISOString(), segment: 0, segments: 1 };
    let cursor: string | undefined;
    for (let steps = 0; steps < TRIES; steps++) {
      const step = await this.#ask('republish-step', { ...from, ...(cursor !== undefined && { cursor }) });
      cursor = step?.cursor;
      if (cursor === undefined) return;
      if (step && step.failed > 0) await sleepOn(this.#scheduler, PAUSE_MS);
    }
  }

  /** Sends the messages that are in the quarantine now again. Those that cannot be read return there. */
  async redrive(): Promise<void> {
    const before = this.#scheduler.now();
    for (let steps = 0; steps < TRIES; steps++) {
      const step = await this.#ask('quarantine-redrive', { before });
      if (!step || (step.complete && step.failed.length === 0)) return;
      await sleepOn(this.#scheduler, PAUSE_MS);
    }
  }

  /** Brings the streams with a home back to it, from the Region that writes them. */
  async bringBack(home: string, from: string): Promise<void> {
    const shown = await this.#ask('placement', {});
    if (!shown) return;
    const known = shown.placement;
    await this.#ask('move', { from, to: home, home, kind: 'planned', known, acceptLossWindow: false });
  }

  /** Moves the homes of the streams that a Region writes, unless it writes none, or they are moved by someone else meanwhile. */
  async move(from: string, to: string, kind: 'planned' | 'forced'): Promise<void> {
    const known = await this.placement();
    if (known) await this.#ask('move', { from, to, kind, known, acceptLossWindow: kind === 'forced' });
  }

  /** Moves the home of one stream. */
  async pin(stream: string, to: string): Promise<void> {
    await this.#ask('move-stream', { stream, to });
  }

  /** What the Region knows of where home streams are written. */
  async placement(): Promise<Placement | undefined> {
    return (await this.#ask('placement', {}))?.placement;
  }

  /**
   * Takes a step to the end of a move to this Region.
   * @param compared whether nothing is missing here of what its sources have written
   * @returns milliseconds to wait before the Regions may be compared; undefined if there is a newer entry
   */
  async complete(scope: string, entry: PlacementEntry, compared: boolean): Promise<number | undefined> {
    return (await this.#ask('complete', { entries: { [scope]: keyOf(entry) }, compared }))?.waitMs;
  }

  /** @returns undefined if it fails permanently, or too often */
  async #ask<Name extends OperatorAction>(
    action: Name,
    input: ActionInput<Name>,
  ): Promise<ActionResult<Name> | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        const answer = await this.#region.operate(action, input);
        if ('result' in answer) return operatorActions[action].result.parse(answer.result);
        if (!answer.problem.retryable) return undefined;
      } catch {
        // The function died, or timed out.
      }
      await sleepOn(this.#scheduler, PAUSE_MS);
    }
    return undefined;
  }
}
