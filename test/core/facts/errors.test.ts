import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  cutProblem,
  faultsOf,
  fromProblem,
  invalid,
  MeridianError,
  problemSchema,
  reject,
  reportedProblem,
  toProblem,
  withCauses,
} from '../../../core/facts/errors.ts';

describe('errors', () => {
  it('become problem documents with their details as further members', () => {
    const error = new MeridianError('version-conflict', 'Read it again.', {
      retryable: true,
      details: { actual: 'x' },
    });
    expect(toProblem(error)).toEqual({
      type: 'urn:meridian:problem:version-conflict',
      title: 'version conflict',
      status: 409,
      detail: 'Read it again.',
      code: 'version-conflict',
      retryable: true,
      actual: 'x',
    });
  });

  it('keep their cause, and are not retryable by default', () => {
    const cause = new Error('inside');
    expect(new MeridianError('internal', 'm', { cause })).toMatchObject({ cause, retryable: false, details: {} });
    expect(new MeridianError('internal', 'm')).toMatchObject({ name: 'MeridianError', retryable: false, details: {} });
  });

  it('have no details and no text that cannot be carried', () => {
    const details: Record<string, unknown> = { left: 10n, of: [1, () => 2], at: new Date(0), text: '\ud83d' };
    details.self = details;
    const error = reject('A \uffff.', details);
    expect(error.message).toBe('A \ufffd.');
    expect(error.details).toEqual({ of: [1, null], at: '1970-01-01T00:00:00.000Z', text: '\ufffd' });
    expect(JSON.parse(JSON.stringify(toProblem(error)))).toEqual(toProblem(error));
    expect(new MeridianError('rejected', 'No.', { details: Object(Symbol('s')) })).toMatchObject({ details: {} });
  });

  it('are cut between characters', () => {
    const cut = cutProblem(toProblem(reject('\u{1f600}'.repeat(1_000))), 1_000);
    expect(cut.detail.isWellFormed()).toBe(true);
    expect(invalid([{ path: `${'x'.repeat(299)}\u{1f600}`, message: 'm' }]).message.isWellFormed()).toBe(true);
  });

  it('survive a round trip through another Region', () => {
    const codes = fc.constantFrom('rejected', 'validation', 'not-caught-up', 'too-large');
    const details = fc.dictionary(fc.stringMatching(/^x[a-z]*$/), fc.jsonValue());
    fc.assert(
      fc.property(codes, fc.string(), fc.boolean(), details, (code, message, retryable, details) => {
        const error = new MeridianError(code, message, { retryable, details });
        const back = fromProblem(JSON.parse(JSON.stringify(toProblem(error))));
        expect(back).toBeInstanceOf(MeridianError);
        expect(JSON.stringify(toProblem(back))).toBe(JSON.stringify(toProblem(error)));
      }),
    );
  });

  it('are passed on unchanged under a code that only newer code knows', () => {
    const answered = {
      type: 'urn:meridian:problem:quota-exceeded',
      title: 'quota exceeded',
      status: 429,
      detail: 'Wait.',
      code: 'quota-exceeded',
      retryable: true,
      retryAfter: 7,
    };
    expect(toProblem(fromProblem(problemSchema.parse(answered)))).toEqual(answered);
  });

  it.each([
    ['no object', 'rejected'],
    ['without a status', { status: undefined }],
    ['with the status of a success', { status: 200 }],
    ['without a code', { code: undefined }],
    ['that does not say whether to retry', { retryable: 'no' }],
  ])('are not read from an invalid problem document: %s', (_, of) => {
    const problem = typeof of === 'string' ? of : { ...toProblem(reject('No.')), ...of };
    expect(problemSchema.safeParse(problem).success).toBe(false);
  });

  it('reveal no internals if unexpected, and are retryable', () => {
    const problem = toProblem(new TypeError('secret'));
    expect(problem).toMatchObject({ code: 'internal', status: 500, retryable: true });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it('are logged with their cause if unexpected, in the Region where they happened only', () => {
    const cause = new TypeError('secret');
    const invalidEvent = new MeridianError('internal', 'note.once returned an event that violates its schema.', {
      cause,
    });
    const fromElsewhere = fromProblem(problemSchema.parse(toProblem(cause)));
    const refusals = [reject('No.'), new MeridianError('unavailable', 'Later.'), fromElsewhere];
    const noMajority = new MeridianError('quorum-unreachable', 'Later.');
    const logged: unknown[] = [];
    const counted: string[] = [];
    const log = { unexpected: (it: unknown) => logged.push(it), metric: (name: string) => counted.push(name) };
    for (const error of [cause, invalidEvent, ...refusals, noMajority])
      expect(reportedProblem(log, error)).toEqual(toProblem(error));
    expect(logged).toEqual([cause, invalidEvent]);
    expect(counted).toEqual(['QuorumMissing']);
  });

  it('of the domain keep their details, except those that would hide a standard member', () => {
    expect(toProblem(reject('Full.'))).toMatchObject({ code: 'rejected', status: 422, detail: 'Full.' });
    const details = { code: 'FULL', status: 'full', detail: 'd', type: 't', title: 't', retryable: true, stock: 3 };
    expect(toProblem(reject('Full.', details))).toEqual({ ...toProblem(reject('Full.')), stock: 3 });
  });

  it('name every fault with its path', () => {
    const faults = [
      { path: 'stream', message: 'is missing' },
      { path: '', message: 'is not an object' },
    ];
    expect(invalid(faults)).toMatchObject({
      code: 'validation',
      message: 'stream: is missing; is not an object',
      details: { faults },
    });
  });

  it.each([
    [['events', 0, 'data', 'delay'], '', 'events[0].data.delay'],
    [[1, 2], 'rows', 'rows[1][2]'],
    [['a'], 'input', 'input.a'],
    [[], 'input', 'input'],
    [[], '', ''],
  ])('write the path %j after "%s" as in JavaScript', (path, prefix, text) => {
    const error = new z.ZodError([{ code: 'custom', path, message: 'is wrong', input: undefined }]);
    expect(faultsOf(error, prefix)).toEqual([{ path: text, message: 'is wrong' }]);
  });

  it('report the first 100 faults and 300 characters of each, so that the response fits', () => {
    const faults = Array.from({ length: 30_000 }, (_, i) => ({ path: 'x'.repeat(1000), message: `fault ${i}` }));
    const { details, message } = invalid(faults);
    expect(details.faults).toHaveLength(101);
    expect(details.faults).toContainEqual({ path: `${'x'.repeat(300)}…`, message: 'fault 99' });
    expect(details.faults).toContainEqual({ path: '', message: 'and 29900 more' });
    expect(message.length).toBeLessThan(100_000);
  });

  it('report every unknown key by its own path', () => {
    const { error } = z.object({ a: z.strictObject({}) }).safeParse({ a: { b: 1, c: 2 } });
    expect(error && faultsOf(error, 'input')).toEqual([
      { path: 'input.a.b', message: 'unknown property' },
      { path: 'input.a.c', message: 'unknown property' },
    ]);
  });
});

describe('cutProblem', () => {
  const problem = toProblem(reject('No.', { why: 'x'.repeat(500) }));

  it('leaves a problem that fits unchanged, to the byte', () => {
    const bytes = JSON.stringify(problem).length;
    expect(cutProblem(problem, bytes)).toBe(problem);
    expect(cutProblem(problem, bytes - 1)).toEqual({ ...toProblem(reject('No.')) });
  });

  it.each(['x', 'ü', '\u{1f600}', '\u0001', '"'])(
    'makes a problem fit, whatever characters the domain uses, such as %j',
    (character) => {
      const cut = cutProblem(toProblem(reject(character.repeat(5000))), 1000);
      expect(new TextEncoder().encode(JSON.stringify(cut)).length).toBeLessThanOrEqual(1000);
      expect(cut).toMatchObject({ code: 'rejected', status: 422, retryable: false });
    },
  );
});

describe('the text of an error for the log', () => {
  it('has the causes that callers do not see', () => {
    const cause = new Error('arn:aws:iam::123456789012:role/x', { cause: new TypeError('no socket') });
    const error = new MeridianError('internal', 'Could not load note/n', { cause });
    expect(withCauses(error)).toBe(
      'MeridianError: Could not load note/n; cause: Error: arn:aws:iam::123456789012:role/x; cause: TypeError: no socket',
    );
    expect(withCauses(new Error('alone', { cause: { status: 503 } }))).toBe('Error: alone');
    expect(withCauses('text')).toBe('text');
  });
});
