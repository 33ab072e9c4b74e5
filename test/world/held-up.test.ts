import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream } from '../../core/index.ts';
import { aWorld } from './a-world.ts';

const input = z.looseObject({});

/** A stream type with a command that has a bug: it reads a property of undefined. */
const thing = defineStream({
  type: 'thing',
  mode: 'merge',
  events: { Done: { schemaVersion: 1, schema: input } },
  initial: { n: 0 },
  evolve: ({ n }) => ({ n: n + 1 }),
  commands: {
    work: { input, decide: () => [{ type: 'Done', data: {} }] },
    fail: {
      input: z.object({ list: z.array(z.string()).optional() }),
      decide: (_state, { list }) => {
        if (list === undefined) throw new TypeError('A bug of the domain.');
        return [];
      },
    },
  },
});
const domain = defineDomain({ streams: [thing], views: [] });

function commandTo(stream: string, id: string, command = 'work') {
  return { id, stream, command, input: {} };
}

async function quarantinedIn({ world, scheduler }: ReturnType<typeof aWorld>): Promise<readonly unknown[]> {
  const answer = await scheduler.resolve(world.region('us-east-1').operate('quarantine-list', { limit: 1000 }));
  return z
    .object({ result: z.object({ messages: z.array(z.object({ envelopeId: z.string() })) }) })
    .parse(answer)
    .result.messages.map(({ envelopeId }) => envelopeId);
}

describe('messages behind one that meets a bug of the domain', () => {
  it.each([
    [9, false],
    [60, false],
    [60, true],
  ])('%i of them are accepted, and only the one ends in the quarantine (reordered: %s)', async (count, reorders) => {
    const w = aWorld({ domain, reorders });
    await w.put('us-east-1', 'meridian.command', commandTo('thing/1', 'bug', 'fail'));
    for (let i = 0; i < count; i++) await w.put('us-east-1', 'meridian.command', commandTo('thing/1', `good-${i}`));
    await w.settle();

    expect([...w.heard('us-east-1').keys()].filter((key) => key.startsWith('Accepted'))).toHaveLength(count);
    expect(await quarantinedIn(w)).toEqual(['bug']);
  });
});

describe('a message with a version that can never be reached', () => {
  it('is rejected at once, and those behind it are accepted', async () => {
    const w = aWorld({ domain });
    const basedOn = Buffer.from('thing/1\nmars=1').toString('base64url');
    for (let i = 0; i < 5; i++)
      await w.put('us-east-1', 'meridian.command', { ...commandTo('thing/1', `lost-${i}`), basedOn });
    for (let i = 0; i < 5; i++) await w.put('us-east-1', 'meridian.command', commandTo('thing/1', `good-${i}`));
    await w.settle();

    const heard = [...w.heard('us-east-1').keys()];
    expect(heard.filter((key) => key.startsWith('Rejected lost'))).toHaveLength(5);
    expect(heard.filter((key) => key.startsWith('Accepted good'))).toHaveLength(5);
    expect(await quarantinedIn(w)).toEqual([]);
  });
});

describe('envelopes of a request behind one that must be retried', () => {
  it('are reported as not started', async () => {
    const w = aWorld({ domain });
    const body = [commandTo('thing/1', 'bug', 'fail'), commandTo('thing/1', 'behind'), commandTo('thing/2', 'other')];
    const answer = await w.call('us-east-1', 'POST', '/events', { body });
    expect(answer).toMatchObject({
      status: 200,
      body: [
        { id: 'bug', problem: { code: 'internal', retryable: true } },
        { id: 'behind', problem: { code: 'unavailable', retryable: true, started: false } },
        { id: 'other', position: 1 },
      ],
    });
    expect(answer).not.toHaveProperty('body.0.problem.started');
  });
});
