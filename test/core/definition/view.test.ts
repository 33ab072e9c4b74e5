import { describe, expect, it } from 'vitest';
import { codeVersionOf, defineView, shardOf, shardsOf, type ViewDefinition } from '../../../core/definition/view.ts';
import { note } from '../../../testing/toy.ts';

function view(of: Partial<ViewDefinition> = {}): ViewDefinition {
  return { name: 'v', kind: 'rows', of: note, row: () => 1, ...of } as ViewDefinition;
}

describe('view definition', () => {
  it.each(['', 'View', '1view', 'a#b', 'a b'])('refuses "%s" as a name', (name) => {
    expect(() => defineView(view({ name }))).toThrow('use lower-case letters, digits and hyphens');
  });

  it.each([0, -1, 2.5, Number.NaN])('refuses %s shards', (shards) => {
    expect(() => defineView(view({ shards }))).toThrow(`View v: shards is ${shards}`);
  });

  it.each([0, -1, 2.5, Number.NaN])('refuses version %s', (version) => {
    expect(() => defineView(view({ codeVersion: version }))).toThrow(`View v: codeVersion is ${version}`);
  });

  // Types are stripped when a definition is loaded, so they do not protect it.
  const given = (definition: object): ViewDefinition => ({ ...view(), ...definition });

  it.each([
    [{ kind: 'total' }, 'View v: kind is "total"; did you mean totals? Choose from rows, totals.'],
    [
      { rows: () => 1 },
      'View v: there is no member rows; did you mean row? Choose from name, kind, of, codeVersion, shards, row.',
    ],
    [{ kind: 'totals' }, 'View v: there is no member row. Choose from'],
    [{ of: undefined }, 'View v: of is undefined, but must be a stream type.'],
  ])('refuses a misspelt value or member, and names the one that is meant: %o', (definition, message) => {
    expect(() => defineView(given(definition))).toThrow(message);
  });

  it('refuses a view of which a member is missing', () => {
    const { of: _, ...rest } = view();
    expect(() => defineView(rest as ViewDefinition)).toThrow('View v: the member of is missing.');
  });

  it('may have every member that its type has', () => {
    const both = { name: 'v', of: note, codeVersion: 1, shards: 1 };
    expect(defineView({ ...both, kind: 'rows', row: () => 1 })).toHaveProperty('row');
    expect(defineView({ ...both, kind: 'totals', totals: () => ({}), present: () => 1 })).toHaveProperty('present');
  });

  it('has version 1 by default', () => {
    expect(codeVersionOf(view())).toBe(1);
    expect(codeVersionOf(view({ codeVersion: 7 }))).toBe(7);
  });

  it('is returned unchanged', () => {
    const definition = view({ name: 'money-2', shards: 1 });
    expect(defineView(definition)).toBe(definition);
  });
});

describe('shards of a view', () => {
  it('are four by default', () => {
    expect(shardsOf(view())).toBe(4);
    expect(shardsOf(view({ shards: 9 }))).toBe(9);
  });

  it('never change for a stream: these are published test vectors of FNV-1a', () => {
    const shards = 2 ** 32;
    expect(shardOf(shards, '')).toBe(0x811c9dc5);
    expect(shardOf(shards, 'a')).toBe(0xe40c292c);
    expect(shardOf(shards, 'foobar')).toBe(0xbf9cf968);
    expect(shardOf(4, 'foobar')).toBe(0xbf9cf968 % 4);
  });

  it('get about the same number of streams', () => {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      const shard = shardOf(4, `note/2001-01-01.red-blue.${i}`);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
  });
});
