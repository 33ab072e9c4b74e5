import { describe, expect, it } from 'vitest';
import { reject, toProblem } from '../../../core/facts/errors.ts';
import {
  acceptedEntry,
  acceptedSchema,
  encodeAccepted,
  rejectedEntry,
  rejectedSchema,
} from '../../../core/wire/receipt.ts';
import { decodeVersionToken } from '../../../core/wire/version-token.ts';

const appended = { stream: 'note/n', commitId: 'a', version: { us: 3, eu: 1 } };

describe('a receipt', () => {
  it('of an accepted envelope has its position, with a version token', () => {
    const { detail } = acceptedEntry(encodeAccepted({ ...appended, dot: { log: 'us', position: 3 } }));
    const { version, ...rest } = acceptedSchema.parse(JSON.parse(detail));
    expect(rest).toEqual({ id: 'a', stream: 'note/n', log: 'us', position: 3 });
    expect(decodeVersionToken('note/n', version, 'version')).toEqual(appended.version);
  });

  it('has no log if nothing had to be written', () => {
    const { detail } = acceptedEntry(encodeAccepted(appended));
    expect(acceptedSchema.parse(JSON.parse(detail))).toEqual({
      id: 'a',
      stream: 'note/n',
      version: expect.any(String),
    });
  });

  it.each(['note/n', undefined])('of a refused one has the whole problem: of %s', (stream) => {
    const rejected = {
      id: 'a',
      ...(stream !== undefined && { stream }),
      problem: toProblem(reject('No.', { left: 0 })),
    };
    expect(rejectedSchema.parse(JSON.parse(rejectedEntry(rejected).detail))).toEqual(rejected);
  });

  it.each([
    ['an id', { stream: 'note/n', version: 'v' }],
    ['a version', { id: 'a', stream: 'note/n' }],
    ['a valid position', { id: 'a', stream: 'note/n', version: 'v', log: 'us', position: 0 }],
  ])('of an accepted envelope is not read without %s', (_, detail) => {
    expect(acceptedSchema.safeParse(detail).success).toBe(false);
  });

  it('of a refused envelope is not read without a problem', () => {
    expect(rejectedSchema.safeParse({ id: 'a', stream: 'note/n' }).success).toBe(false);
  });
});
