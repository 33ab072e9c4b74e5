import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream } from '../../core/index.ts';
import { aWorld } from './a-world.ts';

const input = z.unknown();
const box = defineStream({
  type: 'box',
  mode: 'home',
  home: () => 'eu-west-9',
  events: { Filled: { schemaVersion: 1, schema: input } },
  initial: 0,
  evolve: (count: number) => count + 1,
  commands: { fill: { input, decide: () => [{ type: 'Filled', data: 1 }] } },
});
const domain = defineDomain({ streams: [box], views: [] });
const REGION = 'us-east-1';

/** It names the fault, and does not ask for a retry, which could not help. */
const refusal = {
  status: 500,
  code: 'internal',
  retryable: false,
  detail: expect.stringMatching(
    /`home` of stream type box returned "eu-west-9" for the id 1, .* us-east-1, us-west-2\./,
  ),
};

describe('a home that is not a Region of the deployment', () => {
  it('is named by every write over HTTP', async () => {
    const w = aWorld({ domain });
    const command = { stream: 'box/1', command: 'fill' };
    const append = { id: 'a', stream: 'box/1', events: [{ type: 'Filled', data: 1 }] };
    for (const [path, body] of [
      ['/events', append],
      ['/events', { id: 'b', ...command }],
      ['/streams/box/1/commands/fill', 1],
      ['/transactions', { id: `${REGION}:t`, participants: [command] }],
    ] as const)
      expect(await w.call(REGION, 'POST', path, { body })).toMatchObject({ status: 500, body: refusal });
    expect(await w.call(REGION, 'POST', '/events', { body: [append] })).toMatchObject({
      status: 200,
      body: [{ id: 'a', problem: refusal }],
    });
    expect(await w.call(REGION, 'GET', '/streams/box/1')).toMatchObject({ status: 200, body: { state: 0 } });
  });

  it('sends the messages of its streams to the quarantine', async () => {
    const w = aWorld({ domain });
    await w.put(REGION, 'meridian.command', { id: 'lost', stream: 'box/1', command: 'fill', input: 1 });
    await w.put(REGION, 'meridian.command', { id: 'refused', stream: 'box/1', command: 'none', input: 1 });
    await w.settle();
    const { result } = z
      .object({ result: z.object({ messages: z.array(z.object({ envelopeId: z.string() })) }) })
      .parse(await w.scheduler.resolve(w.world.region(REGION).operate('quarantine-list', {})));
    expect(result.messages.map(({ envelopeId }) => envelopeId).sort()).toEqual(['lost', 'refused']);
  });
});
