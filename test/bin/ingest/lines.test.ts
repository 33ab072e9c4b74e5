import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from '../../../bin/ingest/lines.ts';

async function* chunks(...parts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}
function linesOf(...parts: readonly (string | Buffer)[]) {
  return Array.fromAsync(readLines(chunks(...parts)));
}

describe('the lines of a file of envelopes', () => {
  it('are read unchanged, with their numbers and their streams; empty ones are skipped', async () => {
    expect(
      await linesOf('\ufeff{"id":"a","stream":"note/1"}\r\n\n  {"id":"b","n":1.0}\n \n{"id":"c","stream":5}'),
    ).toEqual([
      { line: 1, stream: 'note/1', json: '{"id":"a","stream":"note/1"}' },
      { line: 3, stream: '', json: '{"id":"b","n":1.0}' },
      { line: 5, stream: '', json: '{"id":"c","stream":5}' },
    ]);
  });

  it.each([
    ['no JSON', '{"id":', 'This is not JSON: ', '{"id":'],
    ['no object', '["a"]', 'This is not an envelope, which is a JSON object.', '["a"]'],
    ['nothing', 'null', 'This is not an envelope', 'null'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'This is not UTF-8: ', '"\ufffd"'],
    ['no id', '{"events":[]}', 'It has no usable id', '"detail-type":"meridian.append"'],
    [
      'an id that cannot be used',
      '{"id":"a b","command":"x"}',
      'It has no usable id',
      '"detail-type":"meridian.command"',
    ],
  ])('with %s are unreadable, and the reason is given', async (_what, line, reason, body) => {
    expect(await linesOf(line)).toEqual([
      { line: 1, reason: expect.stringContaining(reason), body: expect.stringContaining(body) },
    ]);
  });

  it('that are nested deeply and have no id are quarantined as they are, and do not hide the next one', async () => {
    const deep = `{"stream":"note/1","events":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    expect(await linesOf(`${deep}\n{"id":"a"}`)).toEqual([
      {
        line: 1,
        reason: expect.stringContaining('It has no usable id'),
        body: `{"detail-type":"meridian.append","source":"meridian-command-line","detail":${deep}}`,
      },
      { line: 2, stream: '', json: '{"id":"a"}' },
    ]);
  });

  it('that are too long are unreadable, and do not hide the next one', async () => {
    const long = '"'.padEnd(300_000, 'x');
    const read = await linesOf(...Array.from({ length: 8 }, () => long), '\n', '{"id":"a"}');
    expect(read).toEqual([
      {
        line: 1,
        reason: expect.stringMatching(/^The line is longer than 2000000 bytes\. Only the start of the line/),
        body: expect.any(String),
      },
      { line: 2, stream: '', json: '{"id":"a"}' },
    ]);
    const [first] = read;
    expect(first && 'body' in first && first.body.length).toBe(60_000);
  });

  it('are the same wherever the chunks end', async () => {
    const texts = fc.array(fc.record({ id: fc.constantFrom('a', 'b'), stream: fc.string({ unit: 'binary' }) }));
    await fc.assert(
      fc.asyncProperty(texts, fc.array(fc.nat({ max: 200 })), async (values, cuts) => {
        const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
        const ends = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const parts = ends.slice(1).map((end, i) => bytes.subarray(ends[i], end));
        const read = await linesOf(...parts);
        expect(read).toEqual(
          values.map((value, i) => ({ line: i + 1, stream: value.stream, json: JSON.stringify(value) })),
        );
      }),
    );
  });
});
