import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Region } from '../../../bin/client/region.ts';

/** A Region that responds with each of these in turn, and with the last one from then on. */
function answering(...answers: readonly { readonly status: number; readonly body: string }[]) {
  let asked = 0;
  const region = new Region({
    client: {
      region: 'us-east-1',
      endpoints: { 'us-east-1': 'http://us-east-1/' },
      fetch: async () => {
        const { status, body } = answers[Math.min(asked++, answers.length - 1)] ?? expect.fail('there is no answer');
        return { status, text: async () => body };
      },
    },
    hint: '',
    operate: async () => undefined,
    sibling: () => expect.fail('it has none'),
  });
  return { region, asked: () => asked };
}

/** What a Function URL answers when the function does not. */
function fromAws(status: number) {
  return { status, body: '{"Message":"from AWS"}' };
}

describe('what a Function URL answers in place of its function', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** What a try of reading rows ends with. */
  const ended = async (region: Region): Promise<unknown> => {
    const end = region.rows('words', { limit: 1 }).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    return end;
  };

  const page = { view: 'words', region: 'us-east-1', rows: [] };

  it.each([429, 500, 502, 503, 504])('is tried again when it may pass: %i', async (status) => {
    const { region, asked } = answering(fromAws(status), { status: 200, body: JSON.stringify(page) });
    expect(await ended(region)).toEqual(page);
    expect(asked()).toBe(2);
  });

  it.each([
    [413, 'too-large'],
    [403, 'forbidden'],
    [404, 'unexpected-answer'],
  ])('says what it is when it does not: %i', async (status, code) => {
    const { region, asked } = answering(fromAws(status));
    expect(await ended(region)).toMatchObject({ code });
    expect(asked()).toBe(1);
  });
});
