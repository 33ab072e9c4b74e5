import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDeployed } from '../../lib/deployed-regions.ts';

const script = resolve('lib/deploy.ts');
const regions = ['us-east-1', 'us-east-2'];

describe('npm run deploy', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-deploy-'));
    file = join(folder, 'regions.json');
    // What `cdk` leaves behind, whether it deploys or not.
    const artifacts = {
      global: { type: 'aws:cloudformation:stack', properties: { templateFile: 'global.json' } },
    };
    mkdirSync(join(folder, 'cdk.out'));
    writeFileSync(join(folder, 'cdk.out', 'manifest.json'), JSON.stringify({ artifacts }));
    writeFileSync(
      join(folder, 'cdk.out', 'global.json'),
      JSON.stringify({
        Metadata: { Meridian: { name: 'meridian', regions, decisions: 'eventual', ephemeral: false } },
      }),
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs it with a `cdk` that notes its arguments and ends with `status`. */
  const deploy = (args: readonly string[], status = 0) => {
    const cdk = join(folder, 'cdk');
    writeFileSync(cdk, `#!/bin/sh\nprintf '%s\\n' "$@" > called\nexit ${status}\n`);
    chmodSync(cdk, 0o755);
    const run = spawnSync(process.execPath, [script, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
    });
    return { ...run, called: readFileSync(join(folder, 'called'), 'utf8').trimEnd().split('\n') };
  };

  it('deploys every stack, with what else it is told, and keeps their Regions', () => {
    const { status, stdout, called } = deploy(['--require-approval', 'never']);

    expect(status).toBe(0);
    expect(called).toEqual([
      'deploy',
      '--all',
      '--output',
      'cdk.out',
      '--context',
      expect.stringMatching(/^nonce=\d+$/),
      '--require-approval',
      'never',
    ]);
    expect(readDeployed(file, 'meridian')).toEqual({ regions, decisions: 'eventual' });
    expect(stdout).toContain('Commit regions.json');
  });

  it('keeps nothing when a stack was not deployed, and fails as cdk does', () => {
    expect(deploy([], 3).status).toBe(3);
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    [['--help']],
    [['-h']],
    [['--version']],
    [['--no-execute']],
    [['--execute=false']],
    [['--method=prepare-change-set']],
    [['-m', 'prepare-change-set']],
    [['--exclusively']],
    [['--verbose', '-e']],
  ])('keeps nothing with %j: not all of it was deployed', (args) => {
    expect(deploy(args).status).toBe(0);
    expect(existsSync(file)).toBe(false);
  });
});
