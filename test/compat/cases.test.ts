import { describe, expect, it } from 'vitest';
import { asOf, casesOf, faultsOfRetired } from './cases.ts';
import { message } from './form.ts';
import { currentVersion, type SampleFile } from './samples.ts';

const OLDER = '0.0';
const file: SampleFile = { what: 'A form.', samples: { plain: { form: { a: 1 }, means: { a: 1 } } } };
/** The forms that the current code has, and one that it no longer has. */
const forms = new Map([['kept', message({ read: (form) => form })]]);
const folders = new Map([
  [OLDER, new Map(['kept', 'gone'].map((form) => [form, file]))],
  [currentVersion, new Map([['kept', file]])],
]);

describe('the folder of an older version', () => {
  const read = (retired: Readonly<Record<string, string>>) =>
    casesOf(folders, forms, retired).map(({ version, name, of }) => [version, name, of !== undefined]);
  const kept = [
    [OLDER, 'kept: plain', true],
    [currentVersion, 'kept: plain', true],
  ];

  it('is read like the current one, and a missing form is detected', () => {
    expect(read({})).toEqual(expect.arrayContaining([...kept, [OLDER, 'gone: plain', false]]));
  });

  it('is read except for a retired form', () => {
    expect(read({ gone: 'Its queue is empty.' })).toEqual(kept);
  });

  it('is read completely where the current code has the form, even if the form is listed as retired', () => {
    expect(read({ kept: 'By mistake.', gone: 'Its queue is empty.' })).toEqual(kept);
  });

  it('may be read with members added since', () => {
    const means = { a: 1, of: [{ b: 2 }] };
    const since = { a: 1, of: [{ b: 2, c: [] }], d: 0 };
    expect(asOf(OLDER, since, means)).toEqual(means);
    expect(asOf(currentVersion, since, means)).toEqual(since);
  });

  it.each([
    ['another value', { a: 2 }],
    ['an object without a member', {}],
    ['a list instead of an object', [1]],
    ['nothing', null],
  ])('may not be read as %s', (_what, value) => {
    expect(asOf(OLDER, value, { a: 1 })).not.toEqual({ a: 1 });
    expect(asOf(OLDER, { of: [value] }, { of: [{ a: 1 }] })).not.toEqual({ of: [{ a: 1 }] });
  });

  it('may not be read as a longer list', () => {
    expect(asOf(OLDER, [1, 2], [1])).not.toEqual([1]);
  });
});

describe('a list of retired forms', () => {
  it.each([
    ['has a released form that is gone', { gone: 'Its queue is empty.' }, []],
    ['cannot have a form of the current code', { kept: 'By mistake.' }, ['kept']],
    ['cannot have a form that was never released', { unheard: 'It was never released.' }, ['unheard']],
    ['needs a reason', { gone: ' ' }, ['gone']],
  ])('%s', (_what, retired, faulty) => {
    expect(faultsOfRetired(retired, forms, folders).map((fault) => fault.split(':')[0])).toEqual(faulty);
  });
});
