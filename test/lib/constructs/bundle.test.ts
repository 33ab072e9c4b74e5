import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../lib/config.ts';
import { MeridianFunction } from '../../../lib/constructs/meridian-function.ts';

// All functions are bundled alike; the stream lookup is the smallest.
describe('the bundle of a function', () => {
  let outdir: string;
  let path: string;
  let code: string;
  beforeAll(() => {
    outdir = mkdtempSync(join(tmpdir(), 'meridian-bundle-'));
    const stack = new Stack(new App({ outdir }), 'Bundled');
    new MeridianFunction(stack, 'Lookup', {
      config: parseConfig((key) => (key === 'regions' ? ['us-east-1', 'us-east-2'] : undefined)),
      region: 'us-east-1',
      functionId: 'stream-lookup',
      entry: 'lib/constructs/stream-lookup/index.ts',
      description: 'Bundled by a test',
      environment: {},
      timeout: Duration.minutes(1),
    });
    const asset = readdirSync(outdir).find((name) => name.startsWith('asset.')) ?? expect.fail('there is no bundle');
    path = join(outdir, asset, 'index.mjs');
    code = readFileSync(path, 'utf8');
  });
  afterAll(() => rmSync(outdir, { recursive: true }));

  it('is minified', () => {
    // Code that is not minified has about 35 characters a line, this has many hundreds.
    expect(code.length / code.split('\n').length).toBeGreaterThan(200);
  });

  it('has its SDK inside and needs nothing but Node', () => {
    const imported = [...code.matchAll(/\bfrom\s*["']([^"']+)["']/g)].map(([, name]) => name);
    expect(imported).toContain('node:module');
    expect(imported.filter((name) => name?.startsWith('@'))).toEqual([]);
    expect(code).toContain('DescribeTable');
  });

  it('is an ES module that starts, with a map for its stack traces but without the sources', async () => {
    expect(await import(pathToFileURL(path).href)).toHaveProperty('handler', expect.any(Function));
    const map: unknown = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
    expect(map).toHaveProperty('mappings', expect.stringContaining(';'));
    expect(map).not.toHaveProperty('sourcesContent');
  });
});
