import { describe, expect, it } from 'vitest';
import {
  checkHistory,
  encodeHistory,
  encodeLine,
  judgeHistory,
  parseHistory,
  parseLine,
  readHistory,
} from '../../checkers/index.ts';
import { append, EAST, header, read } from './a-history.ts';

const history = [header(), append({ op: 1, stream: 'list/a', effect: { do: 'append', value: 1 } })];

describe('a history as text', () => {
  it('is the history again when it is parsed', () => {
    expect(parseHistory(encodeHistory(history))).toEqual(history);
  });

  it('may have empty lines', () => {
    expect(parseHistory(`${encodeHistory(history)}\n\n`)).toEqual(history);
  });

  it('may be read line by line', async () => {
    async function* source() {
      yield* [...history.map(encodeLine), ''];
    }
    expect(await readHistory(source())).toEqual(history);
  });
});

describe('a text that is not a history', () => {
  it.each([
    ['Line 2 is not a line of a history: it is not JSON.', `${encodeLine(header())}\n{`],
    ['Line 1 is not a line of a history: there is none.', '\n'],
    [
      'Line 1 is not a line of a history: the header, `{"line":"history",…}`, has to be the first line.',
      encodeHistory(history.slice(1)),
    ],
    ['Line 2 is not a line of a history: it is a second header.', encodeHistory([header(), header()])],
    [
      'Line 3 is not a line of a history: dot.position: Too small: expected number to be >0.',
      `${encodeHistory(history)}${encodeLine({ ...append({ op: 2, stream: 'list/a', effect: { do: 'append', value: 1 } }), dot: { log: EAST, position: 0 } })}`,
    ],
    [
      'Line 1 is not a line of a history: format: Invalid input: expected 1.',
      JSON.stringify({ ...header(), format: 2 }),
    ],
  ])('is refused: %s', (message, text) => {
    expect(() => parseHistory(text)).toThrow(message);
  });

  it('is refused if a line is of no known kind', () => {
    expect(() => parseLine('{"line":"guess"}', 5)).toThrow(/^Line 5 is not a line of a history: line: /);
    expect(() => parseLine('7', 5)).toThrow(/^Line 5 is not a line of a history: /);
  });

  it('is refused when it is read line by line, too', async () => {
    async function* source() {
      yield* [encodeLine(header()), 'x'];
    }
    await expect(readHistory(source())).rejects.toThrow('Line 2 is not a line of a history: it is not JSON.');
    async function* nothing() {
      yield* [' '];
    }
    await expect(readHistory(nothing())).rejects.toThrow('there is none');
  });
});

describe('a whole history', () => {
  it('is checked for every property', () => {
    const broken = [...history, read({ op: 2, stream: 'list/a', atLeast: { [EAST]: 1 }, version: {}, state: [2] })];
    const { violations, undecided } = judgeHistory([
      ...broken.slice(0, 0),
      header({ homes: { 'list/a': EAST } }),
      ...broken.slice(1),
    ]);
    expect(violations.map(({ property }) => property).sort()).toEqual([
      'linearizable',
      'reads at least',
      'unwritten read',
    ]);
    expect(undecided).toEqual([]);
    expect(checkHistory(broken).length).toBeGreaterThan(0);
  });

  it('without lines breaks nothing', () => {
    expect(judgeHistory([header()])).toEqual({ violations: [], undecided: [] });
  });
});
