import { describe, expect, it } from 'vitest';
import { STORED_FORM } from '../../core/names.ts';
import { releaseChangelog } from '../../scripts/release.ts';
import { versions } from '../compat/samples.ts';

const first = '# Changelog\n\nIntroduction.\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n';
const release = { version: '0.1.0', date: '2026-12-01', storedForm: '0.1', before: '0.1.0' };
const released = releaseChangelog(first, release);

function withChange(text: string, change: string): string {
  return text.replace('[Unreleased]\n', `[Unreleased]\n\n${change}\n`);
}

describe('a release', () => {
  it('moves the unreleased changes under their version, date and form of stored data', () => {
    expect(released).toBe(
      '# Changelog\n\nIntroduction.\n\n## [Unreleased]\n\n## [0.1.0] - 2026-12-01\n\nStored data: form 0.1.\n\n### Added\n\n- A thing.\n',
    );
    const next = releaseChangelog(withChange(released, '### Fixed\n\n- A fault.\n'), { ...release, version: '0.1.1' });
    expect(next.match(/^## .*/gm)).toEqual(['## [Unreleased]', '## [0.1.1] - 2026-12-01', '## [0.1.0] - 2026-12-01']);
    expect(next.endsWith(released.slice(released.indexOf('## [0.1.0]')))).toBe(true);
  });

  it.each([
    ['nothing changed', released, '0.1.1', 'nothing to release'],
    ['the version was already released', withChange(released, '- A fault.'), '0.1.0', 'does not follow'],
    ['the version is an earlier one', withChange(released, '- A fault.'), '0.0.9', 'does not follow'],
    ['the version is malformed', withChange(released, '- A fault.'), 'next', 'is not a version'],
    ['a patch breaks something', withChange(released, '### Breaking\n\n- A name.'), '0.1.1', 'raise the minor'],
  ])('is refused when %s', (_what, text, version, why) => {
    expect(() => releaseChangelog(text, { ...release, version })).toThrow(why);
  });

  it('may break something as a minor version before 1', () => {
    const text = withChange(released, '### Breaking\n\n- A name.');
    expect(releaseChangelog(text, { ...release, version: '0.2.0' })).toContain('## [0.2.0]');
  });

  it('names the form of stored data that the newest samples have', () => {
    expect(versions.at(-1)).toBe(STORED_FORM);
  });
});
