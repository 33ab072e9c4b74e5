import { expect, it, vi } from 'vitest';
import { deployedRegions, regionNamed } from './deployment.ts';
import { describeWithLocalStack } from './describe-with-localstack.ts';

describeWithLocalStack('an envelope that nobody can read', (endpoint) => {
  const region = regionNamed(deployedRegions(endpoint), 'us-west-2');

  it('ends in the quarantine, while those around it are taken in', { timeout: 450_000 }, async () => {
    const run = Date.now();
    const flights = ['before', 'after'].map((when) => `2001-01-01.LAX-BNA.${run}${when === 'before' ? 1 : 2}`);
    const reserve = (flight: string) => ({
      source: 'airports',
      detailType: 'meridian.command',
      detail: JSON.stringify({
        id: `${flight}.reserve`,
        stream: `seats/${flight}`,
        command: 'reserve',
        input: { passenger: 'ada' },
      }),
    });
    const [before, after] = flights.map(reserve);
    const poison = {
      source: 'airports',
      detailType: 'meridian.append',
      detail: JSON.stringify({ poison: run, stream: ['not', 'a', 'name'] }),
    };
    await region.put([before, poison, after].filter((entry) => entry !== undefined));

    const quarantined: string[] = [];
    await vi.waitFor(
      async () => {
        quarantined.push(...(await region.takeAll('quarantine')));
        expect(quarantined.filter((body) => body.includes(String(run)))).toHaveLength(1);
        for (const flight of flights)
          expect(await region.request({ path: `/streams/seats/${flight}` })).toMatchObject({
            body: { state: { passengers: ['ada'] } },
          });
      },
      { timeout: 420_000, interval: 1_000 },
    );
    expect(quarantined[0]).toContain('not');
  });
});
