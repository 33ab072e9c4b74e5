import { describe, expect, it } from 'vitest';
import { defineDomain, projectedTypes, streamModeOf, streamTypeOf, viewOf } from '../../../core/definition/domain.ts';
import { account, note, notes, toyDomain } from '../../../testing/toy.ts';

const views = [...toyDomain.views.values()];

describe('domain', () => {
  it('knows its stream types, their modes and its views by name', () => {
    expect(streamTypeOf(toyDomain, 'note')).toBe(note);
    expect(streamModeOf(toyDomain, 'note/n')).toBe('merge');
    expect(streamModeOf(toyDomain, 'account/us.1')).toBe('home');
    expect(viewOf(toyDomain, 'notes')).toBe(views[0]);
  });

  it('knows the stream types that views are computed from', () => {
    expect(projectedTypes(toyDomain)).toEqual(new Set(['note', 'stock', 'account']));
  });

  it('refuses an unknown stream type, and names the known ones', () => {
    expect(() => streamModeOf(toyDomain, 'stranger/x')).toThrow(
      expect.objectContaining({ code: 'unknown-stream-type', details: { known: ['note', 'account', 'stock'] } }),
    );
  });

  it('refuses an unknown view, and names the known ones', () => {
    expect(() => viewOf(toyDomain, 'toString')).toThrow(
      expect.objectContaining({ code: 'unknown-view', details: { known: ['notes', 'words', 'taken', 'money'] } }),
    );
  });

  it('refuses two streams or two views with the same name', () => {
    expect(() => defineDomain({ streams: [note, account, note], views: [] })).toThrow(
      'Two stream types are named note: rename one of them.',
    );
    expect(() => defineDomain({ streams: [note], views: [notes, notes] })).toThrow(
      'Two views are named notes: rename one of them.',
    );
  });

  it('refuses a misspelt member', () => {
    const given = (definition: object) => ({ streams: [note], views: [], ...definition });
    expect(() => defineDomain(given({ view: [] }))).toThrow(
      'Domain: there is no member view; did you mean views? Choose from streams, views.',
    );
  });

  it('refuses a view of a stream that is not among its streams', () => {
    expect(() => defineDomain({ streams: [account], views: [notes] })).toThrow(
      'View notes reads stream type note, which is not in',
    );
    expect(() => defineDomain({ streams: [{ ...note }], views: [notes] })).toThrow(
      'View notes reads stream type note, which is not in',
    );
  });
});
