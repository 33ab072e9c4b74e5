import * as z from 'zod';
import { messageOf } from '../../core/facts/errors.ts';
import { ScenarioError } from './problem.ts';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const durationPattern = /^(?<sign>[+-]?)(?<amount>\d+(\.\d+)?)(?<unit>ms|s|m|h|d)$/;
const durationSchema = z.object({
  sign: z.string(),
  amount: z.coerce.number(),
  unit: z.enum(['ms', 's', 'm', 'h', 'd']),
});

/** Milliseconds of `1500ms`, `2s`, `5m`, `6h` or `1d`, with or without a sign. @throws ScenarioError */
export function durationOf(text: string): number {
  const { data } = durationSchema.safeParse(durationPattern.exec(text)?.groups);
  if (!data) throw new ScenarioError(`${text} is not a duration. Write for example 1500ms, 2s, 5m, 6h or 1d.`);
  return (data.sign === '-' ? -1 : 1) * data.amount * UNITS[data.unit];
}

/** A value of a scenario: JSON, or a bare word. @throws ScenarioError when it looks like JSON and is not */
export function jsonOf(text: string): unknown {
  if (!/^[[{"]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ScenarioError(`${text} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

const optionPattern = /^(?<name>[a-z][a-z-]*)=(?<value>.*)$/s;

/**
 * The words of a command after its verb. A verb reads all that it knows, in order; what is left is a mistake of the author.
 */
export class Arguments {
  readonly #words: string[];
  readonly #options: { readonly name: string; readonly value: string }[];

  constructor(words: readonly string[]) {
    const options = words.map((word) => ({ word, groups: optionPattern.exec(word)?.groups }));
    this.#words = options.flatMap(({ word, groups }) => (groups ? [] : [word]));
    this.#options = options.flatMap(({ groups: { name, value } = {} }) =>
      name === undefined || value === undefined ? [] : [{ name, value }],
    );
  }

  /** The next word. @throws ScenarioError when there is none */
  word(what: string): string {
    const word = this.#words.shift();
    if (word === undefined) throw new ScenarioError(`<${what}> is missing.`);
    return word;
  }

  /** The next word, if there is one. */
  optionalWord(): string | undefined {
    return this.#words.shift();
  }

  /** The next word, one of the given ones. @throws ScenarioError */
  oneOf<const Word extends string>(what: string, words: readonly Word[]): Word {
    return chosen(what, this.word(what), words);
  }

  /** The words that are left. */
  words(): readonly string[] {
    return this.#words.splice(0);
  }

  /** The value of `name=value`, if it is given. @throws ScenarioError when it is given twice */
  option(name: string): string | undefined {
    const [value, ...more] = this.options(name);
    if (more.length > 0) throw new ScenarioError(`${name}= is given ${more.length + 1} times.`);
    return value;
  }

  /** The value of `name=value`, one of the given ones. @throws ScenarioError */
  choice<const Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.option(name);
    return value === undefined ? undefined : chosen(`${name}=`, value, words);
  }

  /** The value of `name=5`. @throws ScenarioError when it is not a number */
  number(name: string): number | undefined {
    const value = this.option(name);
    if (value === undefined) return undefined;
    if (value === '' || !Number.isFinite(Number(value))) throw new ScenarioError(`${name}=${value} is not a number.`);
    return Number(value);
  }

  /** Milliseconds of `name=5s`. @throws ScenarioError */
  duration(name: string): number | undefined {
    const value = this.option(name);
    return value === undefined ? undefined : durationOf(value);
  }

  /** Every value of `name=value`, which may be repeated. */
  options(name: string): readonly string[] {
    const found = this.#options.filter((option) => option.name === name);
    for (const option of found) this.#options.splice(this.#options.indexOf(option), 1);
    return found.map(({ value }) => value);
  }

  /** @throws ScenarioError when words or options are left */
  end(): void {
    const [word] = this.#words;
    if (word !== undefined) throw new ScenarioError(`${word} is one word too many.`);
    const [option] = this.#options;
    if (option) throw new ScenarioError(`${option.name}= is not known here.`);
  }
}

function chosen<Word extends string>(what: string, value: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new ScenarioError(`${what} is ${value}, but must be one of ${words.join(', ')}.`);
  return found;
}

/** The words of a command line. JSON, and a version in braces, is one word, whatever spaces it has. @throws ScenarioError */
export function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  for (let at = 0; at < line.length; ) {
    if (line[at] === ' ') {
      at++;
      continue;
    }
    const end = endOfWord(line, at);
    words.push(line.slice(at, end));
    at = end;
  }
  return words;
}

function endOfWord(line: string, from: number): number {
  let depth = 0;
  let isQuoted = false;
  for (let at = from; at < line.length; at++) {
    const char = line.charAt(at);
    if (isQuoted) {
      if (char === '\\') at++;
      else if (char === '"') isQuoted = false;
    } else if (char === '"') isQuoted = true;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === ' ' && depth === 0) return at;
  }
  if (isQuoted || depth !== 0) throw new ScenarioError(`A quote or a bracket is not closed: ${line.slice(from)}`);
  return line.length;
}
