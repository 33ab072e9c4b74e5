import type { Random } from '../../world/time/randomness.ts';

/** Characters and parts of texts that parsers, stores and paths treat differently. */
const PIECES = [
  ...[
    'a',
    'Z',
    '9',
    ' ',
    '/',
    '%',
    '%2e%2e',
    '..',
    '.',
    '#',
    '?',
    '&',
    '=',
    ':',
    '@',
    '|',
    '+',
    '-',
    '_',
    '~',
    '*',
    '"',
  ],
  ...['\u0000', '\u0007', '\u001b[2J', '\u007f', '\u0085', '\u2028', '\u202e', '\ufeff', '\ufffd', '\ufffe', '\uffff'],
  ...['é', 'e\u0301', '中', '😀', '\ud83d', '\ude00', '__proto__', 'constructor', 'toString', 'null', 'NaN', '1e400'],
  ...[
    'us-east-1',
    'us-west-2',
    'mars-1',
    'note/1',
    'item/0',
    '2026-02-30',
    '2026-11-29T08:00:00Z',
    '-1',
    '1000000000001',
  ],
];

const NUMBERS = [
  ...['0', '-0', '1', '-1', '0.1', '1e20', '-1e20', '1e400', '5e-324', '9007199254740993', '9223372036854775807'],
  ...['9223372036854775808', '-9223372036854775808', '18446744073709551616', '1.0', '1e0', '00', '.5', '0x1'],
];

/** Nearly right inputs: the same for the same numbers. */
export class Odd {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole number, at least 0 and below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  of<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new Error('There is nothing to choose from.');
    return one;
  }

  text(): string {
    if (this.chance(0.02)) return this.of(PIECES).repeat(this.of([129, 1_025, 20_000]));
    return Array.from({ length: this.below(4) }, () => this.of(PIECES)).join('');
  }

  /** The text itself, or an odd one. */
  orOdd(text: string, probability = 0.1): string {
    return this.chance(probability) ? this.text() : text;
  }

  /** JSON of a sample, of which parts may be replaced, left out, doubled or damaged. */
  json(sample: unknown, rate = 0.08): string {
    const text = this.#write(sample, rate);
    return this.chance(0.04) ? this.#damaged(text) : text;
  }

  #write(sample: unknown, rate: number): string {
    if (this.chance(rate)) return this.value();
    if (Array.isArray(sample)) {
      const items = sample.flatMap((item: unknown) => {
        const text = this.#write(item, rate);
        return this.chance(rate / 2) ? [text, text] : [text];
      });
      return `[${items.join()}]`;
    }
    if (typeof sample !== 'object' || sample === null) return JSON.stringify(sample) ?? 'null';
    const members = Object.entries(sample).flatMap(([name, value]: [string, unknown]) => {
      if (value === undefined || this.chance(rate / 2)) return [];
      return [`${JSON.stringify(this.orOdd(name, rate / 4))}:${this.#write(value, rate)}`];
    });
    if (this.chance(rate / 2)) members.push(`${JSON.stringify(this.text())}:${this.value()}`);
    return `{${members.join()}}`;
  }

  /** Any JSON value. */
  value(): string {
    const levels = this.of([2, 20, 499, 500, 501, 1_100, 6_000]);
    switch (this.below(8)) {
      case 0:
        return this.of(NUMBERS);
      case 1:
        return this.of(['null', 'true', 'false', '{}', '[]', '""', '{"__proto__":{"a":1}}', '{"a":1,"a":2}']);
      case 2:
        return this.chance(0.3) ? '['.repeat(levels) + ']'.repeat(levels) : '[[]]';
      case 3:
        return this.chance(0.3) ? `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}` : '{"a":{}}';
      case 4:
        return `{${JSON.stringify(this.text())}:${this.of(NUMBERS)}}`;
      case 5:
        return `[${Array.from({ length: this.below(120) }, () => '1').join()}]`;
      default:
        return JSON.stringify(this.text());
    }
  }

  #damaged(text: string): string {
    const at = this.below(text.length + 1);
    switch (this.below(3)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + this.of(PIECES) + text.slice(at);
      default:
        return text.slice(0, at) + text.slice(at + 1);
    }
  }
}
