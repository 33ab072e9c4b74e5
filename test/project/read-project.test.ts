import { describe, expect, it } from 'vitest';
import { readProjectDomain } from '../../project/read-project.ts';

describe('the domain of a project', () => {
  it('that does not exist is reported as a path that package.json names', () => {
    expect(() => readProjectDomain({ domain: '/shop/strems/index.ts' })).toThrow(
      '/shop/strems/index.ts: `meridian.domain` in package.json (default: streams/index.ts) is this file, but it does not exist. Correct the path in package.json',
    );
  });
});
