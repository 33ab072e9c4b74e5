import { describe, expect, it } from 'vitest';
import { defineDomain, projectedTypes, streamModeOf, streamTypeOf, viewOf } from '../../../core/definition/domain.ts';
import { account, domain, note } from '../example.ts';

const views = [...domain.views.values()];

describe('domain', () => {
  it('knows its stream types, their modes and its views by name', () => {
    expect(streamTypeOf(domain, 'note')).toBe(note);
    expect(streamModeOf(domain, 'note/n')).toBe('merge');
    expect(streamModeOf(domain, 'account/us.1')).toBe('home');
    expect(viewOf(domain, 'texts')).toBe(views[0]);
  });

  it('knows which types some view is computed from', () => {
    expect(projectedTypes(domain)).toEqual(new Set(['note']));
  });

  it('refuses a stream type that it does not have, and names those that it has', () => {
    expect(() => streamModeOf(domain, 'flight/LAX')).toThrow(
      expect.objectContaining({ code: 'unknown-stream-type', details: { known: ['note', 'account'] } }),
    );
  });

  it('refuses a view that it does not have, and names those that it has', () => {
    expect(() => viewOf(domain, 'toString')).toThrow(
      expect.objectContaining({ code: 'unknown-view', details: { known: ['texts', 'lengths', 'latest'] } }),
    );
  });

  it('does not begin with two streams or two views of one name', () => {
    expect(() => defineDomain({ streams: [note, account, note], views })).toThrow('Two stream types are named note.');
    expect(() => defineDomain({ streams: [note], views: [...views, ...views] })).toThrow('Two views are named texts.');
  });

  it('does not begin with a view of a stream that is not among its streams', () => {
    expect(() => defineDomain({ streams: [account], views })).toThrow('View texts is of note, which is not among');
    expect(() => defineDomain({ streams: [{ ...note }], views })).toThrow('View texts is of note, which is not among');
  });
});
