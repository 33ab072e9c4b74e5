import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../core/facts/decision.ts';
import { reject, toProblem } from '../../../core/facts/errors.ts';
import {
  commitPageSchema,
  encodeCommitPage,
  encodeRow,
  encodeRowPage,
  encodeStreamState,
  encodeTransaction,
  healthSchema,
  problemDetailsSchema,
  rowPageSchema,
  rowSchema,
  streamStateSchema,
  submittedSchema,
  transactionShownSchema,
} from '../../../core/wire/api.ts';
import { decodeVersionToken } from '../../../core/wire/version-token.ts';
import { aCommit } from '../../contract/commits.ts';

const version = { eu: 1, us: 3 };

function overHttp(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('a response of the API', () => {
  it('shows the state of a stream with its version as a token', () => {
    const read = { state: { texts: [] }, version, mode: 'strong' };
    expect(encodeStreamState('us-east-1', 'note/n', read)).not.toHaveProperty('local');
    expect(encodeStreamState('us-east-1', 'note/n', { ...read, local: true })).toMatchObject({ local: true });
    const sent = encodeStreamState('us-east-1', 'note/n', { state: { texts: [] }, version, mode: 'merge' });
    const { version: token, ...rest } = streamStateSchema.parse(overHttp(sent));
    expect(rest).toEqual({ stream: 'note/n', state: { texts: [] }, mode: 'merge', region: 'us-east-1' });
    expect(decodeVersionToken('note/n', token, 'version')).toEqual(version);
  });

  it.each([true, false])('shows commits without internal members of Meridian; more pages: %s', (more) => {
    const commit = aCommit({
      stream: 'note/n',
      wallTime: 1,
      meta: { actor: 'ann' },
      tx: { state: 'committed', deadline: 1 },
    });
    const { stream, fingerprint: _fingerprint, digest: _digest, tx: _tx, ...shown } = commit;
    const page = commitPageSchema.parse(overHttp(encodeCommitPage(stream, { commits: [commit], version, more })));
    expect(page).toEqual({
      stream,
      commits: [shown],
      version: page.version,
      ...(more && { next: page.version }),
    });
    expect(decodeVersionToken(stream, page.version, 'version')).toEqual(version);
  });

  it.each([
    ['b', { next: 'b' }],
    [undefined, {}],
  ])('shows rows of a view; the next page starts after: %s', (next, shown) => {
    const rows = [
      { key: 'a', value: { balance: 1 } },
      { key: 'b', value: null },
    ];
    const sent = encodeRowPage('us-east-1', 'money', { rows, next });
    expect(rowPageSchema.parse(overHttp(sent))).toEqual({ view: 'money', region: 'us-east-1', rows, ...shown });
  });

  it('shows one row of a view', () => {
    const row = { key: 'a', value: [1] };
    const sent = encodeRow('us-east-1', 'money', row);
    expect(rowSchema.parse(overHttp(sent))).toEqual({ view: 'money', region: 'us-east-1', ...row });
  });

  it.each([
    ['undecided', { id: 'us:a', state: 'undecided' }, { id: 'us:a', state: 'undecided' }],
    [
      'aborted because of a stream',
      { id: 'us:a', state: 'aborted', reason: { stream: 'stock/1', problem: toProblem(reject('No.')) } },
      { id: 'us:a', state: 'aborted', reason: toProblem(reject('No.')), participant: 'stock/1' },
    ],
    [
      'aborted because of none',
      { id: 'us:a', state: 'aborted', reason: { problem: toProblem(reject('No.')) } },
      { id: 'us:a', state: 'aborted', reason: toProblem(reject('No.')) },
    ],
  ] satisfies [string, Exclude<Outcome, { state: 'unknown' }>, object][])(
    'shows a transaction that is %s',
    (_, outcome, shown) => {
      expect(transactionShownSchema.parse(overHttp(encodeTransaction(outcome)))).toEqual(shown);
    },
  );

  it('shows where a transaction is committed', () => {
    const participants = [{ stream: 'stock/1', log: 'us', position: 3, version }];
    const shown = transactionShownSchema.parse(
      overHttp(encodeTransaction({ id: 'us:a', state: 'committed', participants })),
    );
    expect(shown).toEqual({
      id: 'us:a',
      state: 'committed',
      participants: [{ stream: 'stock/1', log: 'us', position: 3, version: expect.any(String) }],
    });
  });

  it('reports the result of each of several envelopes', () => {
    const accepted = { id: 'a', stream: 'note/n', version: 'token', log: 'us', position: 1 };
    const refused = { stream: 'note/n', problem: toProblem(reject('No.')) };
    expect([accepted, refused].map((each) => submittedSchema.parse(overHttp(each)))).toEqual([accepted, refused]);
  });

  it.each([
    ['a state without a version', streamStateSchema, { stream: 'note/n', mode: 'merge', region: 'us-east-1' }],
    ['a page without commits', commitPageSchema, { stream: 'note/n', version: 'token' }],
    ['a page without rows', rowPageSchema, { view: 'money', region: 'us-east-1' }],
    ['a row without a key', rowSchema, { view: 'money', region: 'us-east-1', value: 1 }],
    ['health without seen stamps', healthSchema, { region: 'us-east-1' }],
    ['a transaction in an unknown state', transactionShownSchema, { id: 'us:a', state: 'unknown' }],
    ['an envelope with half a problem', submittedSchema, { id: 'a', stream: 'note/n', problem: { code: 'rejected' } }],
  ])('is not read from %s', (_, schema, answer) => {
    expect(schema.safeParse(answer).success).toBe(false);
  });
});

describe('a problem document', () => {
  it('keeps the members of its code, and drops members that a domain uses differently under the same name', () => {
    const problem = { ...toProblem(reject('No.')), known: ['a'], faults: 3, actual: 7, left: 0 };
    expect(problemDetailsSchema.parse(problem)).toEqual({ ...problem, faults: undefined, actual: undefined });
  });
});
