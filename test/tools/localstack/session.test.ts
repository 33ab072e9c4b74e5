import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { whatIsMissing } from '../../../tools/localstack/engine.ts';
import { run } from '../../../tools/run.ts';
import { makeTree } from '../../checks/tree.ts';

const script = fileURLToPath(new URL('../../../scripts/test-localstack.ts', import.meta.url));

const docker = '[ "$1" = info ]';
const dockerWithoutEngine = 'exit 1';
function java(version: string) {
  return `echo 'openjdk version "${version}" 2025-04-15' >&2`;
}

describe.skipIf(process.platform === 'win32')('LocalStack', () => {
  const made: string[] = [];
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const root of made.splice(0)) rmSync(root, { recursive: true });
  });

  /** A PATH with only these commands. */
  const machineWith = (commands: Record<string, string>): string => {
    const scripts = Object.entries(commands).map(([name, body]) => [name, `#!/bin/sh\n${body}\n`]);
    const root = makeTree(Object.fromEntries(scripts));
    made.push(root);
    for (const file of globSync('*', { cwd: root })) chmodSync(join(root, file), 0o755);
    return root;
  };

  it.each([
    ['Docker', { docker }],
    ['Java and Python', { java: java('17.0.15'), python3: '' }],
    ['Java and uv', { java: java('21'), uv: '' }],
    [
      'a docker without an engine, Java and Python',
      { docker: dockerWithoutEngine, java: java('17.0.15'), python3: '' },
    ],
  ])('can run with %s', (_, commands: Record<string, string>) => {
    vi.stubEnv('PATH', machineWith(commands));
    expect(whatIsMissing()).toBeUndefined();
  });

  it.each([
    ['nothing', {}, 'Python 3 with venv and pip (or uv) and Java 17 or newer on the PATH'],
    ['an old Java', { java: java('11.0.2'), python3: '' }, 'Java 17 or newer on the PATH'],
    ['a Python without venv', { java: java('17'), python3: 'exit 1' }, 'Python 3 with venv and pip (or uv)'],
    [
      'a docker without an engine',
      { docker: dockerWithoutEngine, java: java('17') },
      'Python 3 with venv and pip (or uv)',
    ],
  ])('says what is missing with %s', (_, commands: Record<string, string>, missing) => {
    vi.stubEnv('PATH', machineWith(commands));
    expect(whatIsMissing()).toBe(`LocalStack needs Docker, or else ${missing}.`);
  });

  it.each([
    ['skipped, with the reason, if it cannot run', '', { status: 0, last: /^0 passed, 0 failed, \d+ skipped$/ }],
    ['a failure if it is required', 'localstack', { status: 1, last: /^0 passed, 1 failed, \d+ skipped$/ }],
  ])('has its tests %s', { timeout: 60_000 }, (_, MERIDIAN_REQUIRE, { status, last }) => {
    const env = { ...process.env, PATH: machineWith({}), MERIDIAN_REQUIRE };
    const ended = spawnSync(process.execPath, [script, 'test/contract/localstack'], { env, encoding: 'utf8' });
    expect(ended.stdout.trimEnd().split('\n').at(-1)).toMatch(last);
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain('LocalStack needs Docker, or else');
  });

  it('returns what a command prints to standard output, and throws with everything that a failed one printed', async () => {
    await expect(run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).rejects.toThrow(
      /sh -c .* ended with 3:\n(out\nerr|err\nout)\n/,
    );
    await expect(run('sh', ['-c', 'echo out; echo err >&2'])).resolves.toBe('out\n');
  });
});
