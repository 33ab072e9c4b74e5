import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, defineView, reject } from '../../../core/index.ts';
import { MAX_ANSWER_BYTES } from '../../../core/limits/budgets.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { aWorld } from '../../world/a-world.ts';
import { anApi, noted } from './an-api.ts';

const thing = defineStream({
  type: 'thing',
  mode: 'merge',
  events: { Done: { schemaVersion: 1, schema: z.object({ text: z.string() }) } },
  initial: { text: '' },
  evolve: (_state, { data }) => ({ text: data.text }),
  commands: {
    work: { input: z.unknown(), decide: () => [{ type: 'Done', data: { text: 'done' } }] },
    refuse: {
      input: z.int(),
      decide: (_state, count) => {
        throw reject('No.', { all: '"'.repeat(count) });
      },
    },
  },
});
const domain = defineDomain({
  streams: [thing],
  views: [defineView({ name: 'things', kind: 'rows', of: thing, row: (state) => state })],
});

describe('a request whose results are together too large for a response', () => {
  it('gets all of them, with shortened problems: some envelopes have been accepted', async () => {
    const api = anApi({ domain });
    const refusing = Array.from({ length: 50 }, (_, i) => ({
      ...{ id: `bad-${i}`, stream: `thing/${i}`, command: 'refuse', input: 100_000 },
    }));
    const good = { id: 'good', stream: 'thing/good', command: 'work' };

    const { status, body } = await api.post('/events', { body: [...refusing, good] });

    expect(status).toBe(200);
    const results = z.array(z.looseObject({ id: z.string() })).parse(body);
    expect(results.map(({ id }) => id)).toEqual([...refusing.map(({ id }) => id), 'good']);
    expect(results[0]).toMatchObject({ problem: { code: 'rejected', detail: 'No.', retryable: false } });
    expect(results.at(-1)).toMatchObject({ position: 1 });
    expect(JSON.stringify(JSON.stringify(body)).length).toBeLessThan(MAX_ANSWER_BYTES);
  });
});

describe('a refusal whose details are too large for a response', () => {
  it('is returned without them', async () => {
    const api = anApi({ domain });
    expect(await api.problem('POST', '/streams/thing/1/commands/refuse', { body: '4000000' })).toMatchObject({
      status: 422,
      code: 'rejected',
      detail: 'No.',
    });
  });
});

describe('a page of rows that are together too large for a response', () => {
  it('ends early, with a cursor', async () => {
    const w = aWorld({ domain });
    for (let i = 100; i < 150; i++)
      await w.call('us-east-1', 'POST', '/events', {
        body: { stream: `thing/${i}`, events: [{ type: 'Done', data: { text: '"'.repeat(60_000) } }] },
      });
    await w.settle();

    const pages: number[] = [];
    const keys: string[] = [];
    for (let next: string | undefined; pages.length < 50; ) {
      const query = new URLSearchParams({ limit: '1000', ...(next !== undefined && { after: next }) });
      const event = functionUrlEvent({ method: 'GET', path: '/views/things', query: `${query}` });
      const { statusCode, body } = await w.scheduler.resolve(w.world.region('us-east-1').request(event));
      expect(statusCode).toBe(200);
      const page = z
        .object({ rows: z.array(z.object({ key: z.string() })), next: z.string().optional() })
        .parse(JSON.parse(body));
      pages.push(page.rows.length);
      keys.push(...page.rows.map(({ key }) => key));
      next = page.next;
      if (next === undefined) break;
    }
    expect(pages).toEqual([24, 24, 2]);
    expect(keys).toEqual(Array.from({ length: 50 }, (_, i) => `${100 + i}`));
  });
});

describe('a body that would be altered', () => {
  const envelope = JSON.stringify({ id: 'a', stream: 'note/a', events: [noted()] });
  const base64 = Buffer.from(envelope).toString('base64');

  it.each([
    ['is not base64', { body: `${base64.slice(0, 8)}*${base64.slice(8)}`, isBase64Encoded: true }, 'not base64'],
    ['ends within base64', { body: `${base64.slice(0, 8)}=${base64.slice(8)}`, isBase64Encoded: true }, 'not base64'],
    ['is not UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]).toString('base64'), isBase64Encoded: true }, 'not JSON'],
    ['has a lone surrogate', { body: envelope.replace('red', '\ud83d'), isBase64Encoded: false }, 'lone surrogate'],
  ])('is refused if it %s', async (_what, body, message) => {
    const api = anApi();
    const event = { ...functionUrlEvent({ method: 'POST', path: '/events' }), ...body };
    expect(await api.send(event)).toMatchObject({
      status: 400,
      body: { code: 'validation', detail: expect.stringContaining(message) },
    });
    expect(await api.ports.events.load('note/a')).toEqual([]);
  });
});
