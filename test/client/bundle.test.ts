import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fetch } from '../../client/options.ts';
import { bundleClient, CLIENT_LIMIT } from '../../scripts/bundle-sizes.ts';
import { expectDocumented } from '../docs/measured-sizes.ts';

/** The signing of requests, and zod. */
const PACKAGES = [
  ...['@aws-crypto/sha256-js', '@aws-crypto/util', '@smithy/core', '@smithy/signature-v4', '@smithy/util-utf8'],
  ...['tslib', 'zod'],
];

describe('the client in a bundle', () => {
  let outdir: string;
  let bundle: ReturnType<typeof bundleClient>;
  beforeAll(() => {
    outdir = mkdtempSync(join(tmpdir(), 'meridian-client-'));
    bundle = bundleClient(outdir);
  });
  afterAll(() => rmSync(outdir, { recursive: true }));

  it('contains the protocol that it shares with a Region, and no part of the engine', () => {
    const ours = bundle.inputs.filter((input) => !input.includes('node_modules/'));
    expect(ours).toContain('client/client.ts');
    expect(ours.filter((input) => !/^(client|core\/(facts|limits|wire))\//.test(input))).toEqual([]);
  });

  it('contains only the packages that it needs: no CDK, no client of a service', () => {
    const packages = bundle.contents.map(({ name }) => name).filter((name) => !name.endsWith('/'));
    expect(packages.toSorted()).toEqual(PACKAGES);
  });

  it('does not exceed its size limit', () => {
    expect(bundle.bytes).toBeLessThanOrEqual(CLIENT_LIMIT);
    expectDocumented(bundle);
  });

  it('runs without any API that only Node has', async () => {
    expect(bundle.imports).toEqual([]);
    const authorizations: unknown[] = [];
    const fetch: Fetch = async (_url, { headers }) => {
      authorizations.push(headers.authorization);
      return { status: 403, text: async () => '{"Message":"Forbidden"}' };
    };
    // APIs that browsers have too.
    const platform = { URL, AbortController, TextEncoder, setTimeout, clearTimeout, atob, btoa, crypto, fetch };
    const { code } = transformSync(readFileSync(bundle.path, 'utf8'), { format: 'iife', globalName: 'meridian' });
    const ended = runInNewContext(`${code}\n(${useOfClient})(meridian)`, platform);
    expect(await ended).toEqual(['forbidden', true]);
    expect(authorizations).toEqual([
      expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/lambda\//),
    ]);
  });
});

/** Runs in the bundle's own context. */
const useOfClient = `async ({ client, isClientError }) => {
  const shop = client({
    endpoints: { 'eu-west-1': 'https://eu-west-1.example/' },
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  try {
    await shop.stream('stock', '1').command('take', { count: 1 });
  } catch (error) {
    return [error.code, isClientError(error, 'forbidden')];
  }
}`;
