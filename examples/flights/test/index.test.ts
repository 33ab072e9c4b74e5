import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { domain } from '../index.ts';

describe('the example domain', () => {
  it('has merge streams for flights, home streams for seats and miles, and a view of delays by airport', () => {
    expect([...domain.streams.values()].map(({ type, mode }) => [type, mode])).toEqual([
      ['flight', 'merge'],
      ['seats', 'home'],
      ['miles', 'home'],
    ]);
    expect([...domain.views.keys()]).toEqual(['airport-delays']);
  });

  it('works in a bundle, which must contain airports.json', async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../index.ts', import.meta.url))],
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      write: false,
    });
    const bundled = await import(
      `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? '').toString('base64')}`
    );
    expect(bundled.nearestRegion('LAX', ['us-east-1', 'us-west-2'])).toBe('us-west-2');
  });
});
