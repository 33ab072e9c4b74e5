import { seeded } from '../../world/time/randomness.ts';
import { type Finding, Scene } from './doors.ts';
import { Odd } from './odd.ts';

/** Inputs between two looks at what was acknowledged. */
const BETWEEN = 200;
/** Inputs to one deployment, which keeps everything that it accepts. */
const PER_SCENE = 2_000;

export interface FuzzResult {
  readonly inputs: number;
  readonly seed: number;
  /** Inputs by door. */
  readonly doors: Readonly<Record<string, number>>;
  /** Appends over HTTP that were accepted, each of them read again in every Region. */
  readonly acknowledged: number;
  readonly findings: readonly Finding[];
  /** The longest time that one input took, in milliseconds of real time, and which. */
  readonly slowest: { readonly ms: number; readonly door: string; readonly input: string };
}

/**
 * Puts odd inputs through every door, each door as often as the others.
 * @param onInputs called with the number of inputs so far, each time that a deployment ends and is garbage
 */
export async function fuzz(
  inputs: number,
  seed: number,
  onInputs: (count: number) => void = () => {},
): Promise<FuzzResult> {
  const odd = new Odd(seeded(seed));
  const counts = new Map<string, number>();
  const findings: Finding[] = [];
  let acknowledged = 0;
  let slowest = { ms: 0, door: '', input: '' };
  for (let count = 0; count < inputs; ) {
    const scene = new Scene(seed + count);
    const doors = Object.entries(scene.doors);
    const end = Math.min(inputs, count + PER_SCENE);
    while (count < end) {
      const [name, door] = odd.of(doors);
      const begun = performance.now();
      const { input, what } = await door(odd);
      const ms = performance.now() - begun;
      if (ms > slowest.ms) slowest = { ms, door: name, input };
      if (what !== undefined) findings.push({ door: name, input, what });
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (++count % BETWEEN === 0 || count === end) findings.push(...(await scene.settle()));
    }
    acknowledged += scene.acknowledged;
    onInputs(count);
  }
  return { inputs, seed, doors: Object.fromEntries([...counts].sort()), acknowledged, findings, slowest };
}
