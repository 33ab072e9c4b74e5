import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Region } from '../../../bin/client/region.ts';
import { type Counts, type Fault, ingestLines } from '../../../bin/ingest/ingest.ts';
import { readLines } from '../../../bin/ingest/lines.ts';
import type { Fetch } from '../../../client/options.ts';

const sentEnvelopesSchema = z.array(z.object({ id: z.string(), stream: z.string() }));
type Sent = z.output<typeof sentEnvelopesSchema>[number];

function problem(code: string, retryable: boolean, started = true) {
  const status = retryable ? 503 : 422;
  return {
    problem: {
      ...{ type: 'urn:x', title: code, status, code, detail: `It is ${code}.`, retryable },
      ...(!started && { started }),
    },
  };
}

function clientOf(fetch: Fetch) {
  return { region: 'us-east-1', endpoints: { 'us-east-1': 'http://us-east-1/' }, fetch };
}

/** A Region that records what it receives, and responds with the result of `answer`. */
function aRegion(answer: (envelope: Sent, time: number) => object | undefined = () => undefined) {
  const requests: (readonly Sent[])[] = [];
  const times = new Map<string, number>();
  const accepted: Sent[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const fetch: Fetch = async (_url, { body = '' }) => {
    const envelopes = sentEnvelopesSchema.parse(JSON.parse(body));
    requests.push(envelopes);
    mostUnderWay = Math.max(mostUnderWay, ++underWay);
    await setImmediate();
    underWay--;
    // Like the API: an envelope that must be retried holds up its stream.
    const heldUp = new Set<string>();
    const answers = envelopes.map((envelope) => {
      const { id, stream } = envelope;
      const time = (times.get(id) ?? 0) + 1;
      times.set(id, time);
      const other = heldUp.has(stream) ? problem('unavailable', true, false) : answer(envelope, time);
      if (other && 'problem' in other && JSON.stringify(other).includes('"retryable":true')) heldUp.add(stream);
      if (!other) accepted.push(envelope);
      return other ?? { id, stream, version: 'v', log: 'us-east-1', position: 1 };
    });
    return { status: 200, text: async () => JSON.stringify(answers) };
  };
  const region = new Region({
    client: clientOf(fetch),
    hint: '',
    operate: async (request) => {
      const { messages } = z.object({ messages: z.array(z.unknown()) }).parse(request);
      return { result: { added: messages.length, failed: [] } };
    },
    sibling: () => {
      throw new Error('The Region has no siblings.');
    },
  });
  return { region, requests, accepted, mostUnderWay: () => mostUnderWay };
}

async function run(region: Region, lines: Iterable<string>, stop = new AbortController()) {
  const counts: Counts = { accepted: 0, rejected: 0, quarantined: 0 };
  const faults: Fault[] = [];
  async function* source() {
    for (const line of lines) yield Buffer.from(`${line}\n`);
  }
  const result = await ingestLines(region, readLines(source()), counts, {
    onFault: (fault) => faults.push(fault),
    onProgress: () => undefined,
    signal: stop.signal,
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { counts, faults, error: result };
}

function line(id: string, stream: string) {
  return JSON.stringify({ id, stream });
}

describe('ingesting', () => {
  it('sends up to 100 envelopes per request, several requests at a time, and the envelopes of a stream in order', async () => {
    const { region, requests, accepted, mostUnderWay } = aRegion();
    const lines = Array.from({ length: 5000 }, (_, i) => line(`${i}`, `note/${i % 97}`));

    expect(await run(region, lines)).toEqual({
      counts: { accepted: 5000, rejected: 0, quarantined: 0 },
      faults: [],
      error: undefined,
    });
    expect(Math.max(...requests.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(requests.length).toBeLessThan(200);
    expect(mostUnderWay()).toBeGreaterThan(2);
    for (const ids of Map.groupBy(accepted, ({ stream }) => stream).values())
      expect(ids.map(({ id }) => Number(id))).toEqual(ids.map(({ id }) => Number(id)).toSorted((a, b) => a - b));
  });

  it('retries temporary failures, and keeps the order of each stream', async () => {
    const { region, accepted } = aRegion(({ id }, time) =>
      id.endsWith('3') && time === 1 ? problem('unavailable', true) : undefined,
    );
    const lines = Array.from({ length: 60 }, (_, i) => line(`${i}`, `note/${i % 3}`));

    const { counts, faults } = await run(region, lines);

    expect([counts, faults]).toEqual([{ accepted: 60, rejected: 0, quarantined: 0 }, []]);
    for (const ids of Map.groupBy(accepted, ({ stream }) => stream).values())
      expect(ids.map(({ id }) => Number(id))).toEqual(ids.map(({ id }) => Number(id)).toSorted((a, b) => a - b));
  });

  it('reports the lines that are refused, and those that fail six times', async () => {
    const { region } = aRegion(({ id }) =>
      id === 'bad' ? problem('rejected', false) : id === 'stuck' ? problem('unavailable', true) : undefined,
    );
    const { counts, faults } = await run(region, [
      line('good', 'note/1'),
      line('bad', 'note/2'),
      '{',
      line('stuck', 'note/3'),
    ]);
    expect(counts).toEqual({ accepted: 1, rejected: 2, quarantined: 1 });
    expect(faults.toSorted((a, b) => a.line - b.line)).toMatchObject([
      { line: 2, outcome: 'rejected', problem: { code: 'rejected' } },
      { line: 3, outcome: 'quarantined', reason: expect.stringContaining('This is not JSON') },
      { line: 4, outcome: 'rejected', problem: { code: 'unavailable' } },
    ]);
  });

  it('rejects a line that fails at every try, and none of those that it held up', async () => {
    const { region, accepted } = aRegion(({ id }) => (id === '20' ? problem('internal', true) : undefined));
    const lines = Array.from({ length: 81 }, (_, i) => line(`${i}`, 'note/1'));

    const { counts, faults } = await run(region, lines);

    expect(counts).toEqual({ accepted: 80, rejected: 1, quarantined: 0 });
    expect(faults).toMatchObject([{ line: 21, outcome: 'rejected', problem: { code: 'internal' } }]);
    expect(accepted.map(({ id }) => Number(id))).toEqual([...Array(81).keys()].filter((id) => id !== 20));
  });

  it('reports the lines that the quarantine does not accept', async () => {
    const region = new Region({
      client: clientOf(async () => ({ status: 200, text: async () => '[]' })),
      hint: '',
      operate: async () => ({ problem: problem('internal', false).problem }),
      sibling: () => {
        throw new Error('The Region has no siblings.');
      },
    });
    const { counts, faults } = await run(region, ['{', '[]']);
    expect(counts).toEqual({ accepted: 0, rejected: 2, quarantined: 0 });
    expect(faults[0]).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringMatching(/quarantine: internal: It is/),
    });
  });

  it('ends when a whole request is refused, and sends no further requests', async () => {
    let requests = 0;
    const region = new Region({
      client: clientOf(async () => ({ status: 403, text: async () => `{"Message":"Forbidden ${++requests}"}` })),
      hint: '',
      operate: async () => undefined,
      sibling: () => {
        throw new Error('The Region has no siblings.');
      },
    });
    const { counts, error } = await run(
      region,
      Array.from({ length: 20_000 }, (_, i) => line(`${i}`, `note/${i}`)),
    );
    expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('lambda:InvokeFunctionUrl') });
    expect(counts).toEqual({ accepted: 0, rejected: 0, quarantined: 0 });
    expect(requests).toBeLessThan(30);
  });

  it('stops on a signal: work in progress is completed, and no more is started', async () => {
    const stop = new AbortController();
    const { region, requests } = aRegion(() => {
      stop.abort();
      return undefined;
    });
    const { counts, error } = await run(
      region,
      Array.from({ length: 20_000 }, (_, i) => line(`${i}`, `note/${i}`)),
      stop,
    );
    expect(error).toBeUndefined();
    expect(counts.accepted).toBe(requests.flat().length);
    expect(counts.accepted).toBeLessThan(2000);
  });

  it('reads no further ahead than a few thousand lines, however long the file is', async () => {
    const { region, accepted } = aRegion();
    let read = 0;
    let ahead = 0;
    function* endless() {
      for (; read < 30_000; read++) {
        ahead = Math.max(ahead, read - accepted.length);
        yield line(`${read}`, `note/${read}`);
      }
    }
    const { counts } = await run(region, endless());
    expect(counts.accepted).toBe(30_000);
    expect(ahead).toBeLessThan(3000);
  });
});
