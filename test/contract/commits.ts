import type { Commit } from '../../core/index.ts';

let streams = 0;

/** A stream that no other test uses. */
export function aStream(): string {
  return `note/${process.pid}-${++streams}`;
}

/** A commit with all members; tests override what matters to them. */
export function aCommit(of: Partial<Commit> = {}): Commit {
  const { log = 'us-east-1', position = 1 } = of;
  return {
    stream: 'note/2001-01-01.red-blue.17',
    log,
    position,
    commitId: `${log}-${position}`,
    fingerprint: 'digest-of-the-request',
    digest: 'digest-of-the-events',
    events: [{ type: 'Noted', schemaVersion: 1, data: { text: 'red', count: -3 } }],
    context: { [log]: position - 1, 'eu-west-1': 7 },
    previous: position - 1,
    hlc: `018f00000000${(position % 0x10000).toString(16).padStart(4, '0')}`,
    region: 'us-east-1',
    meta: { correlation: 'c', causation: 'd', actor: 'e', traceparent: '00-0af7-b7ad-01' },
    ...of,
  };
}

/** A prepared intent with all members. */
export function anIntent(of: Partial<Commit> = {}): Commit {
  return aCommit({
    commitId: 'us-east-1:order-17#1',
    wallTime: Date.UTC(2001, 0, 1) - 1,
    tx: { state: 'prepared', deadline: Date.UTC(2001, 0, 1) },
    ...of,
  });
}

/** Overwrites every part of a value, as far as possible. */
export function meddle(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    meddle(Reflect.get(value, key));
    Reflect.set(value, key, 'meddled with');
  }
}

/** JSON values that a database, a language or a careless copy tends to change. */
export const strangeJson: readonly unknown[] = [
  null,
  false,
  '',
  ' ',
  0,
  -1,
  0.1 + 0.2,
  Number.MAX_VALUE,
  -Number.MIN_VALUE,
  Number.MAX_SAFE_INTEGER,
  'nul \u0000, bell \u0007, line separator \u2028, quotes "\'`, backslash \\',
  'e\u0301 is not \u00e9',
  '\u{1f600} beyond the BMP, \uffff at its end',
  'half a pair \ud800',
  [],
  {},
  [[[[[]]]]],
  [null, [null], { a: null }],
  { '': { '': '' } },
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": 2}'),
  { toJSON: 1, valueOf: null },
  { 'a.b': 1, 'a#b': 2, '#': 3, ':v': 4, S: { N: 'M' } },
  { z: 1, a: 2, 10: 3, 9: 4 },
  'x'.repeat(10_000),
];
