import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleClient, CLIENT_LIMIT } from '../../scripts/bundle-sizes.ts';

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

  it('holds what it and a Region agree on, and nothing of the engine', () => {
    const ours = bundle.inputs.filter((input) => !input.includes('node_modules/'));
    expect(ours).toContain('client/client.ts');
    expect(ours.filter((input) => !/^(client|core\/(facts|limits|wire))\//.test(input))).toEqual([]);
  });

  it('holds the packages that it needs, and no other: no CDK, no client of a service', () => {
    const packages = bundle.contents.map(({ name }) => name).filter((name) => !name.endsWith('/'));
    expect(packages.toSorted()).toEqual(PACKAGES);
  });

  it('is not larger than it may be', () => {
    expect(bundle.bytes).toBeLessThanOrEqual(CLIENT_LIMIT);
  });

  it('needs nothing that only Node has, and runs', async () => {
    expect(bundle.imports).toEqual([]);
    const { client, isClientError } = await import(pathToFileURL(bundle.path).href);
    const shop = client({
      endpoints: { 'eu-west-1': 'https://eu-west-1.example/' },
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      fetch: async (_url: string, { headers }: { readonly headers: Readonly<Record<string, string>> }) => {
        expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/lambda\//);
        return { status: 403, text: async () => '{"Message":"Forbidden"}' };
      },
    });
    const error = await shop
      .stream('stock', '1')
      .read()
      .catch((error: unknown) => error);
    expect(isClientError(error, 'forbidden')).toBe(true);
  });
});
