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
