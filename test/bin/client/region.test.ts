import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Region } from '../../../bin/client/region.ts';

/** A Region that responds with each of these in turn, and then always with the last one. */
function answering(...answers: readonly { readonly status: number; readonly body: string }[]) {
  let asked = 0;
  const region = new Region({
    client: {
      region: 'us-east-1',
      endpoints: { 'us-east-1': 'http://us-east-1/' },
      fetch: async () => {
        const { status, body } = answers[Math.min(asked++, answers.length - 1)] ?? expect.fail('there is no response');
        return { status, text: async () => body };
      },
    },
    hint: '',
    operate: async () => undefined,
    sibling: () => expect.fail('the Region has no siblings'),
  });
  return { region, asked: () => asked };
}

/** The response of a Function URL when its function gives none. */
function fromAws(status: number) {
  return { status, body: '{"Message":"from AWS"}' };
}

describe('a response of a Function URL instead of its function', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The outcome of an attempt to read rows. */
  const ended = async (region: Region): Promise<unknown> => {
    const end = region.rows('words', { limit: 1 }).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    return end;
  };

  const page = { view: 'words', region: 'us-east-1', rows: [] };

  it.each([429, 500, 502, 503, 504])('is retried if it may be temporary: %i', async (status) => {
    const { region, asked } = answering(fromAws(status), { status: 200, body: JSON.stringify(page) });
    expect(await ended(region)).toEqual(page);
    expect(asked()).toBe(2);
  });

  it.each([
    [413, 'too-large'],
    [403, 'forbidden'],
    [404, 'unexpected-answer'],
  ])('is reported if it is permanent: %i', async (status, code) => {
    const { region, asked } = answering(fromAws(status));
    expect(await ended(region)).toMatchObject({ code });
    expect(asked()).toBe(1);
  });
});
