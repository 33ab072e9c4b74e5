import { ScenarioError } from './problem.ts';

/** Commands, and what they print. */
export interface Block {
  /** Line of the first command in the file, from 1. */
  readonly line: number;
  readonly commands: readonly string[];
  readonly expected: readonly string[];
}

/** A scenario file. */
export interface Scenario {
  /** The file's name, without its folder. */
  readonly file: string;
  /** The heading in the guarantees that it shows. */
  readonly guarantee: string;
  /** The beginnings of further statements that it shows: list items, and where the guarantee ends. */
  readonly shows: readonly string[];
  /** The comment at the top, as it is in the file. */
  readonly head: readonly string[];
  readonly blocks: readonly Block[];
}

/** Separates commands from what they print. */
const SEPARATOR = '----';

/**
 * Parses a scenario file: a comment that names the guarantee, then blocks of command lines, `----`, the expected lines and an empty
 * line. A comment may stand before a block.
 * @throws ScenarioError with file and line
 */
export function parseScenario(file: string, text: string): Scenario {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const headEnd = lines.findIndex((line) => !line.startsWith('#'));
  const head = lines.slice(0, headEnd === -1 ? lines.length : headEnd);
  const named = (word: string) =>
    head.flatMap((line) => (line.startsWith(`# ${word}: `) ? [line.slice(`# ${word}: `.length)] : []));
  const [guarantee, ...others] = named('guarantee');
  if (guarantee === undefined || others.length > 0)
    throw new ScenarioError(
      `${file}:1: it names ${others.length + 1 - Number(guarantee === undefined)} guarantees. Begin it with one line \`# guarantee: <heading>\`.`,
    );
  const blocks = blocksOf(file, lines, head.length);
  if (blocks.length === 0) throw new ScenarioError(`${file}:${lines.length}: it has no command.`);
  return { file, guarantee, shows: named('shows'), head, blocks };
}

function blocksOf(file: string, lines: readonly string[], from: number): readonly Block[] {
  const blocks: Block[] = [];
  for (let at = from; at < lines.length; ) {
    if (lines[at] === '') {
      at++;
      continue;
    }
    const end = endOf(lines, at);
    blocks.push(blockOf(file, lines.slice(at, end), at + 1));
    at = end;
  }
  return blocks;
}

/** The index of the empty line that ends the block at `from`. */
function endOf(lines: readonly string[], from: number): number {
  const end = lines.indexOf('', from);
  return end === -1 ? lines.length : end;
}

function blockOf(file: string, lines: readonly string[], line: number): Block {
  const separator = lines.indexOf(SEPARATOR);
  if (separator === -1)
    throw new ScenarioError(`${file}:${line}: after the command \`${lines[0]}\` a line \`${SEPARATOR}\` is missing.`);
  const commands = lines.slice(0, separator);
  if (commands.every(isComment))
    throw new ScenarioError(`${file}:${line}: there is no command before \`${SEPARATOR}\`.`);
  return { line, commands, expected: lines.slice(separator + 1) };
}

/** True for a line that only explains the commands after it. */
export function isComment(command: string): boolean {
  return command.startsWith('#');
}

/** The text of a scenario file with other outputs: one per block. */
export function printScenario({ head, blocks }: Scenario, outputs: readonly (readonly string[])[]): string {
  const printed = blocks.map(({ commands }, i) => [...commands, SEPARATOR, ...(outputs[i] ?? [])].join('\n'));
  return `${[head.join('\n'), ...printed].join('\n\n')}\n`;
}
