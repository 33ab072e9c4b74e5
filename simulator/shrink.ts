import type { Schedule, Step } from './schedule.ts';

/**
 * Makes a schedule smaller that fails: leaves out steps, in ever smaller parts, as long as what is left still fails
 * (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
 * @param fails runs a schedule; true if it fails as the given one does
 * @param attempts how often it is called at most
 */
export async function shrink(
  schedule: Schedule,
  fails: (smaller: Schedule) => Promise<boolean>,
  attempts = 300,
): Promise<Schedule> {
  let { steps } = schedule;
  let left = attempts;
  for (let size = Math.ceil(steps.length / 2); size >= 1 && left > 0; ) {
    const smaller = await without(steps, size);
    if (smaller) steps = smaller;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
  }
  return { ...schedule, steps: [...steps] };

  /** Leaves out each part of this size in turn. @returns the steps without all parts that were not needed; undefined: all were */
  async function without(all: readonly Step[], size: number): Promise<Step[] | undefined> {
    let kept = [...all];
    let found = false;
    for (let from = 0; from < kept.length && left > 0; ) {
      const fewer = kept.toSpliced(from, size);
      left--;
      if (fewer.length < kept.length && (await fails({ ...schedule, steps: fewer }))) {
        kept = fewer;
        found = true;
      } else from += size;
    }
    return found ? kept : undefined;
  }
}
