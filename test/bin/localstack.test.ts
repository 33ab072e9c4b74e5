import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeTree } from '../checks/tree.ts';

const script = resolve('bin/meridian.ts');

/** Runs it in a folder, on a machine that has only Docker. */
function localstack(files: Record<string, string>, args: readonly string[] = []) {
  const folder = makeTree({ ...files, 'machine/docker': '#!/bin/sh\nexit 0\n' });
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(join(folder, 'machine/docker'), 0o755);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'localstack', ...args], {
    cwd: folder,
    env: { ...process.env, PATH: join(folder, 'machine') },
    encoding: 'utf8',
  });
  return { folder, status, stdout, stderr };
}

describe.skipIf(process.platform === 'win32')('meridian localstack', () => {
  const project = { 'package.json': '{"type":"module","meridian":{}}' };

  it('says how to create a project when run outside of one', () => {
    const { status, stdout, stderr } = localstack({});
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('meridian init');
  });

  it('names the packages that the project lacks, before it starts anything', () => {
    const { folder, status, stdout, stderr } = localstack(project);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `${folder} does not have aws-cdk, aws-cdk-local, which this command needs. Run \`npm install --save-dev aws-cdk aws-cdk-local\` there.\n`,
    );
  });

  it('also reports errors as JSON', () => {
    const { status, stderr } = localstack(project, ['--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ detail: expect.stringContaining('aws-cdk-local') });
  });

  it.each([['mailUrl'], ['=x']])('exits with 2 on the context %s', (context) => {
    const { status, stderr } = localstack(project, ['--context', context]);
    expect(status).toBe(2);
    expect(stderr).toContain('Write <key>=<value>.');
  });
});
