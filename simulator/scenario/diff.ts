import type { Scenario } from './parse.ts';

/** Lines that are the same before and after a difference, for the reader to find the place. */
function linesOf(expected: readonly string[], actual: readonly string[]): readonly string[] {
  const common = longestCommon(expected, actual);
  const lines: string[] = [];
  let [e, a] = [0, 0];
  for (const line of common) {
    while (expected[e] !== line) lines.push(`- ${expected[e++]}`);
    while (actual[a] !== line) lines.push(`+ ${actual[a++]}`);
    lines.push(`  ${line}`);
    e++;
    a++;
  }
  return [...lines, ...expected.slice(e).map((line) => `- ${line}`), ...actual.slice(a).map((line) => `+ ${line}`)];
}

/** A longest common subsequence. */
function longestCommon(a: readonly string[], b: readonly string[]): readonly string[] {
  const [first, ...restA] = a;
  if (first === undefined || b.length === 0) return [];
  if (first === b[0]) return [first, ...longestCommon(restA, b.slice(1))];
  const [withoutA, withoutB] = [longestCommon(restA, b), longestCommon(a, b.slice(1))];
  return withoutA.length >= withoutB.length ? withoutA : withoutB;
}

/**
 * Where the outputs of a scenario differ from those in its file: per block its place and commands, then `-` for expected lines and
 * `+` for actual ones. Empty if they are the same.
 */
export function differences({ file, blocks }: Scenario, outputs: readonly (readonly string[])[]): readonly string[] {
  return blocks.flatMap(({ line, commands, expected }, i) => {
    const actual = outputs[i] ?? [];
    if (expected.join('\n') === actual.join('\n')) return [];
    return [`${file}:${line}`, ...commands.map((command) => `  ${command}`), '  ----', ...linesOf(expected, actual)];
  });
}
