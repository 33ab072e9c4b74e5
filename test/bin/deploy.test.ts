import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDeployed } from '../../lib/deployed-regions.ts';

const script = resolve('bin/meridian.ts');
const engine = JSON.stringify(resolve('core/index.ts'));
const regions = ['us-east-1', 'us-east-2'];
const PEERS = ['aws-cdk-lib', 'constructs', 'esbuild', 'cdk-nag'];

/** The assembly that `cdk` writes, whether it deploys or not. */
const MANIFEST = JSON.stringify({
  artifacts: { global: { type: 'aws:cloudformation:stack', properties: { templateFile: 'global.json' } } },
});
const GLOBAL_STACK = JSON.stringify({
  Metadata: { Meridian: { name: 'meridian', regions, decisions: 'eventual', ephemeral: false } },
});

describe('meridian deploy', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-deploy-'));
    file = join(folder, 'regions.json');
    mkdirSync(join(folder, 'streams'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module","meridian":{}}');
    writeFileSync(
      join(folder, 'streams/index.ts'),
      `import { defineDomain } from ${engine};\nexport const domain = defineDomain({ streams: [], views: [] });`,
    );
    for (const peer of PEERS) install(peer, '{}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const install = (name: string, manifest: string) => {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
    writeFileSync(join(folder, 'node_modules', name, 'package.json'), manifest);
  };

  const meridian = (args: readonly string[], command = 'deploy') =>
    spawnSync(process.execPath, [script, command, ...args], { cwd: folder, encoding: 'utf8' });

  /**
   * Runs the command with a `cdk` that records its arguments, writes an assembly unless it prints its help or version,
   * and exits with `status`.
   */
  const deploy = (args: readonly string[], status = 0) => {
    install('aws-cdk', '{"bin":{"cdk":"cdk.cjs"}}');
    writeFileSync(
      join(folder, 'node_modules/aws-cdk/cdk.cjs'),
      `const { mkdirSync, writeFileSync } = require('node:fs');
      const args = process.argv.slice(2);
      writeFileSync('called', JSON.stringify(args));
      if (!args.includes('--help') && !args.includes('--version')) {
        mkdirSync('cdk.out', { recursive: true });
        writeFileSync('cdk.out/manifest.json', ${JSON.stringify(MANIFEST)});
        writeFileSync('cdk.out/global.json', ${JSON.stringify(GLOBAL_STACK)});
      }
      process.exitCode = ${status};`,
    );
    const run = meridian(args);
    return { ...run, called: JSON.parse(readFileSync(join(folder, 'called'), 'utf8')) };
  };

  it('deploys every stack, with the additional arguments, and records their Regions', () => {
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

  it('records nothing if a stack was not deployed, and exits with the code of cdk', () => {
    expect(deploy([], 3).status).toBe(3);
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['--no-execute', '--no-execute'],
    ['--execute=false', '--no-execute'],
    ['--execute false', '--no-execute'],
    ['--method=prepare-change-set', '--method prepare-change-set'],
    ['-m prepare-change-set', '--method prepare-change-set'],
    ['--exclusively', '--exclusively'],
    ['--verbose -e', '--exclusively'],
    ['-ve', '--exclusively'],
  ])('records nothing with %s, and reports that some stacks may not have been deployed', (args, named) => {
    const { status, stderr } = deploy(args.split(' '));
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(`regions.json is unchanged: with ${named}, some stacks may not`),
    ]);
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    '--method=direct',
    '-m change-set',
    '--execute',
    '--execute true',
    '--exclusively=false',
    '--no-exclusively',
  ])('records the Regions with %s: all stacks were deployed', (args) => {
    expect(deploy(args.split(' ')).stdout).toContain('Commit regions.json');
    expect(readDeployed(file, 'meridian')?.regions).toEqual(regions);
  });

  it.each(['--help', '--version'])(
    'records nothing with %s, even if an earlier run left an assembly, and reports that nothing was deployed',
    (option) => {
      deploy([], 3);
      const { status, stderr } = deploy(['--', option]);
      expect([status, stderr]).toEqual([0, 'regions.json is unchanged: cdk deployed nothing.\n']);
      expect(existsSync(file)).toBe(false);
    },
  );

  it.each(['--hotswap', '--watch'])(
    'refuses %s, which skips changes and reports success, before anything is deployed',
    (option) => {
      install('aws-cdk', '{"bin":{"cdk":"cdk.cjs"}}');
      const { status, stderr } = meridian([option]);
      expect([status, stderr]).toEqual([1, expect.stringContaining(`${option}: a hotswap skips changes`)]);
      expect(existsSync(join(folder, 'called'))).toBe(false);
      expect(deploy([`${option}=false`]).stdout).toContain('Commit regions.json');
    },
  );

  it.each([
    [
      ['--output', 'elsewhere'],
      '--output elsewhere: meridian deploy reads the deployed Regions from cdk.out, so it always writes there.',
    ],
    [['--output=elsewhere'], '--output elsewhere'],
    [['-o', 'elsewhere'], '--output elsewhere'],
    [['--app', 'cdk.out'], '--app cdk.out is an existing assembly'],
    [['--profile', 'x', '-a', 'cdk.out'], '--app cdk.out'],
  ])('is refused with %j, before anything is deployed: it would record another deployment', (args, message) => {
    install('aws-cdk', '{"bin":{"cdk":"cdk.cjs"}}');
    deploy([], 3);
    rmSync(join(folder, 'called'));
    const { status, stderr } = meridian(args);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(existsSync(join(folder, 'called'))).toBe(false);
    expect(deploy(['--app', 'node bin/app.ts']).status).toBe(0);
  });

  it('records how each Region is deployed and looks up table streams again: a plain `cdk deploy` does neither', () => {
    install('aws-cdk', '{}');
    const { status, stdout } = meridian(['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/plain `cdk deploy` does not.*look up each table's stream again.*regions\.json/s);

    const [first, second] = [deploy([]), deploy([])];
    const nonceOf = ({ called }: typeof first) => called.find((arg: string) => arg.startsWith('nonce='));
    expect(nonceOf(first)).not.toBe(nonceOf(second));
    expect(readDeployed(file, 'meridian')).toBeDefined();
  });

  it('names every package that the project lacks, and how to install them, before anything is deployed', () => {
    for (const peer of ['esbuild', 'cdk-nag']) rmSync(join(folder, 'node_modules', peer), { recursive: true });
    const { status, stderr } = meridian([]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /does not have aws-cdk, esbuild, cdk-nag, .*`npm install --save-dev aws-cdk esbuild cdk-nag`/,
    );
    expect(existsSync(join(folder, 'called'))).toBe(false);
  });

  it('has the same checks as meridian synth, which deploys nothing', () => {
    expect(meridian([], 'synth').stderr).toMatch(/does not have aws-cdk, /);
    deploy([], 3);
    expect(meridian(['--strict'], 'synth').status).toBe(3);
    expect(JSON.parse(readFileSync(join(folder, 'called'), 'utf8'))).toEqual(['synth', '--quiet', '--strict']);
  });

  it('meridian synth leaves out the advice of the CDK, and passes on warnings, errors and output', () => {
    install('aws-cdk', '{"bin":{"cdk":"cdk.cjs"}}');
    const said = [
      '[WARNING] aws-cdk-lib.Something is deprecated.',
      "\u001b[33m84 feature flags are not configured. Run 'cdk flags --unstable=flags' to learn more.\u001b[39m",
      'Supply a stack id (\u001b[32ma\u001b[39m, b) to display its template.',
      '[Error at /a] AwsSolutions-IAM5: 84 feature flags',
      '▲ [WARNING] "x" is always false [tautology]',
      'without an end',
    ];
    writeFileSync(
      join(folder, 'node_modules/aws-cdk/cdk.cjs'),
      `process.stdout.write('template'); process.stderr.write(${JSON.stringify(said.join('\n'))}); process.exitCode = 7;`,
    );
    const { status, stdout, stderr } = meridian([], 'synth');
    expect({ status, stdout }).toEqual({ status: 7, stdout: 'template' });
    expect(stderr).toBe(`${[said[0], ...said.slice(3)].join('\n')}\n`);
    expect(meridian([], 'deploy').stderr).toContain(said[1]);
  });

  it('refuses a domain that cannot be read, before anything is deployed', () => {
    writeFileSync(join(folder, 'streams/index.ts'), 'export const streams = 1;');
    install('aws-cdk', '{"bin":{"cdk":"cdk.cjs"}}');
    const { status, stderr } = meridian([]);
    expect(status).toBe(1);
    expect(stderr).toContain('It exports streams, and no domain named `domain`.');
  });
});
