import { afterEach, describe, expect, it, vi } from 'vitest';
import { openRegion } from '../../../bin/client/open.ts';

afterEach(() => vi.unstubAllGlobals());

/** What `fetch` throws if nothing listens. */
function refused(): Promise<Response> {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  return Promise.reject(new TypeError('fetch failed', { cause }));
}

const HINT = 'Run `npm start` in another terminal, or name a Region with --url or --region.';

describe('the hint to run npm start', () => {
  it('is given if no Region is named and nothing listens', async () => {
    vi.stubGlobal('fetch', refused);
    await expect(openRegion({ name: 'meridian' })).rejects.toThrow(
      `Nothing listens at http://127.0.0.1:4700 (ECONNREFUSED). ${HINT}`,
    );
  });

  it('is given if the server ends after its first response', async () => {
    const listed = JSON.stringify({ regions: ['/regions/us-east-1/health'] });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(listed)));
    const region = await openRegion({ name: 'meridian' });
    vi.stubGlobal('fetch', refused);
    await expect(region.health()).rejects.toThrow(HINT);
    await expect(region.sibling('us-west-2').operate('quarantine-list', { limit: 1 })).rejects.toThrow(HINT);
  });

  it('is omitted if an address is named', async () => {
    vi.stubGlobal('fetch', refused);
    await expect(openRegion({ name: 'meridian', url: 'http://127.0.0.1:4800' })).rejects.toThrow(
      /^Nothing listens at http:\/\/127\.0\.0\.1:4800 \(ECONNREFUSED\)\.$/,
    );
  });
});
