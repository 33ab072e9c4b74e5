import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain } from '../../../core/definition/domain.ts';
import { nextVersion } from '../../../core/definition/event-version.ts';
import { defineStream } from '../../../core/definition/stream.ts';
import type { SentEvent } from '../../../core/facts/operation.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { aRegion, replicate } from '../a-region.ts';

const one = { schemaVersion: 1, schema: z.strictObject({ text: z.string() }) };
const two = nextVersion(one, {
  schemaVersion: 2,
  schema: z.strictObject({ text: z.string(), language: z.string().default('unknown') }),
  upcast: (data) => data,
});

function domainWith(Written: typeof one, snapshots: object = {}) {
  const letter = defineStream({
    type: 'letter',
    mode: 'merge',
    events: { Written, Sealed: { schemaVersion: 1, schema: z.unknown() } },
    initial: 0,
    evolve: (count: number) => count + 1,
    commands: {},
    ...snapshots,
  });
  return defineDomain({ streams: [letter], views: [] });
}
const before = domainWith(one);
const after = domainWith(two);

const STREAM = 'letter/a';

function written(schemaVersion?: number): SentEvent {
  return { type: 'Written', ...(schemaVersion !== undefined && { schemaVersion }), data: { text: 'a' } };
}

function asked(...events: readonly SentEvent[]) {
  return { stream: STREAM, commitId: 'a', operation: { kind: 'events' as const, events }, meta: {} };
}

/** The outcomes of an append and of a second one with the same id, under the code that each of them meets. */
async function outcomes(
  first: { readonly domain: typeof before; readonly version?: number },
  second: { readonly domain: typeof before; readonly version?: number },
) {
  const us = aRegion('us', undefined, first.domain);
  const { dot } = await appendToStream(us, asked(written(first.version)));
  us.warm.clear();
  return appendToStream({ ...us, domain: second.domain }, asked(written(second.version))).then(
    (again) => (again.dot?.position === dot?.position ? 'the same' : 'another'),
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

describe('the version of an event in a request that is sent again', () => {
  it.each([
    ['given, then omitted', { domain: before, version: 1 }, { domain: before }, 'the same'],
    ['omitted, then given', { domain: before }, { domain: before, version: 1 }, 'the same'],
    ['omitted, and again after version 2 was released', { domain: before }, { domain: after }, 'the same'],
    ['omitted, then given after version 2 was released', { domain: before }, { domain: after, version: 1 }, 'the same'],
    ['given, then omitted after version 2 was released', { domain: before, version: 1 }, { domain: after }, 'the same'],
    ['given, and again after version 2', { domain: before, version: 1 }, { domain: after, version: 1 }, 'the same'],
    ['omitted, then given as the new version', { domain: before }, { domain: after, version: 2 }, 'id-reused'],
    ['given as the old version, then omitted', { domain: after, version: 1 }, { domain: after }, 'id-reused'],
    ['omitted, then given as the old version', { domain: after }, { domain: after, version: 1 }, 'id-reused'],
    ['given as the old version twice', { domain: after, version: 1 }, { domain: after, version: 1 }, 'the same'],
    ['given as the old, then the new', { domain: after, version: 1 }, { domain: after, version: 2 }, 'id-reused'],
  ])('%s: %#', async (_what, first, second, outcome) => {
    expect(await outcomes(first, second)).toBe(outcome);
  });

  it('is recognized for each event alone', async () => {
    const us = aRegion('us', undefined, before);
    const sealed = { type: 'Sealed', data: 1 };
    await appendToStream(us, asked(written(), { ...sealed, schemaVersion: 1 }));
    us.warm.clear();
    for (const again of [
      asked(written(1), sealed),
      asked(written(), sealed),
      asked(written(1), { ...sealed, schemaVersion: 1 }),
    ])
      expect(await appendToStream({ ...us, domain: after }, again)).toMatchObject({ dot: { position: 1 } });
  });

  it('makes no difference in another Region that does not have the first copy yet: both are one event', async () => {
    const [us, eu] = [aRegion('us', undefined, before), aRegion('eu', undefined, after)];
    await appendToStream(us, asked(written(1)));
    await appendToStream(eu, asked(written()));
    await replicate(STREAM, us, eu);
    const [first, second] = await eu.table.load(STREAM);
    expect(first?.fingerprint).toBe(second?.fingerprint);
  });

  it('is recognized in commits of code that stored the fingerprint of the request as it was sent', async () => {
    const us = aRegion('us', undefined, before);
    await appendToStream(us, asked(written()));
    const [commit] = await us.table.load(STREAM);
    const eu = aRegion('eu', undefined, before);
    const { operation } = asked(written(1));
    const sent = us.runtime.digest(
      JSON.stringify({ events: [{ data: { text: 'a' }, schemaVersion: 1, type: 'Written' }], kind: operation.kind }),
    );
    if (commit) eu.table.replicate({ ...commit, fingerprint: sent });
    expect(await appendToStream(eu, asked(written(1)))).toMatchObject({ dot: { log: 'us', position: 1 } });
  });

  it('is recognized from a snapshot', async () => {
    const snapshots = { snapshots: { every: 1, codeVersion: 1, settle: 0 } };
    const us = aRegion('us', undefined, domainWith(one, snapshots));
    await appendToStream(us, asked(written()));
    us.runtime.advance(1);
    await appendToStream(us, { ...asked(written()), commitId: 'b' });
    us.warm.clear();
    const begun = us.events.calls.length;
    expect(await appendToStream(us, asked(written(1)))).toMatchObject({ dot: { position: 1 } });
    us.warm.clear();
    await expect(appendToStream(us, asked({ ...written(1), data: { text: 'b' } }))).rejects.toThrow(
      expect.objectContaining({ code: 'id-reused' }),
    );
    expect(us.events.calls.slice(begun)).toEqual(['load', 'load']);
  });
});
