import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { defineDomain, defineStream, type EventVersion, nextVersion } from '../../core/index.ts';
import { domain } from '../../examples/flights/index.ts';
import {
  ASYNCAPI,
  brokenPromises,
  driftOf,
  fileOf,
  RELEASED,
  releaseContract,
  writeContract,
} from '../../schemas/contract.ts';
import { schemaDocuments } from '../../schemas/documents.ts';
import { sampleFaults } from '../../schemas/samples.ts';

const version1 = { schemaVersion: 1, schema: z.strictObject({ text: z.string() }), sample: { text: 'a' } };
function withVersion2(before: EventVersion<typeof version1.schema>) {
  return nextVersion(before, {
    schemaVersion: 2,
    schema: z.strictObject({ text: z.string(), language: z.string().default('en') }),
    sample: { text: 'a' },
    upcast: (data) => data,
  });
}
function domainOf(Written: EventVersion, input: z.ZodType<unknown> = z.string()) {
  return defineDomain({
    streams: [
      defineStream({
        type: 'note',
        mode: 'merge',
        events: { Written },
        initial: 0,
        evolve: (count) => count + 1,
        commands: { write: { input, decide: () => [] } },
      }),
    ],
    views: [],
  });
}

let docs = '';
beforeEach(() => {
  docs = mkdtempSync(join(tmpdir(), 'meridian-docs-'));
});
afterEach(() => rmSync(docs, { recursive: true }));

describe('the files of a contract', () => {
  it('are where they were written, and the same every time', () => {
    const files = () =>
      readdirSync(docs, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [
          join(parentPath, name).slice(docs.length + 1),
          readFileSync(join(parentPath, name), 'utf8'),
        ])
        .sort();
    writeContract(domainOf(withVersion2(version1)), docs);
    const first = files();
    expect(first.map(([name]) => name)).toEqual([
      'asyncapi.yaml',
      'schemas/commands/note.write.json',
      'schemas/events/note.Written.1.json',
      'schemas/events/note.Written.2.json',
      'schemas/events/note.Written.2.sent.json',
      'schemas/messages/Accepted.json',
      'schemas/messages/Rejected.json',
      'schemas/messages/TransactionAborted.json',
      'schemas/messages/TransactionCommitted.json',
      'schemas/messages/append.note.json',
      'schemas/messages/command.note.write.json',
      'schemas/messages/note.Written.1.json',
      'schemas/messages/note.Written.2.json',
    ]);
    writeContract(domainOf(withVersion2(version1)), docs);
    expect(files()).toEqual(first);
  });

  it('have no drift after they were written, however they are formatted', () => {
    const here = domainOf(version1);
    writeContract(here, docs);
    expect(driftOf(here, docs)).toEqual([]);
    const file = join(docs, 'schemas/events/note.Written.1.json');
    writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
    writeFileSync(join(docs, ASYNCAPI), JSON.stringify(parse(readFileSync(join(docs, ASYNCAPI), 'utf8'))));
    expect(driftOf(here, docs)).toEqual([]);
  });

  it('are told where they are missing, changed, unreadable or left over', () => {
    writeContract(domainOf(version1), docs);
    writeFileSync(join(docs, 'schemas/commands/note.write.json'), '{');
    writeFileSync(join(docs, 'schemas/events/note.Gone.1.json'), '{}');
    rmSync(join(docs, 'schemas/messages/Accepted.json'));
    expect(driftOf(domainOf({ ...version1, sample: { text: 'b' } }), docs)).toEqual([
      expect.stringMatching(/events\/note\.Written\.1\.json is out of date/),
      expect.stringMatching(/commands\/note\.write\.json is out of date/),
      expect.stringMatching(/messages\/Accepted\.json is missing/),
      expect.stringMatching(/events\/note\.Gone\.1\.json is of nothing/),
    ]);
  });

  it('are as they should be once they are written anew', () => {
    writeContract(domainOf(version1), docs);
    writeFileSync(join(docs, 'schemas/commands/note.write.json'), '{');
    writeFileSync(join(docs, 'schemas/events/note.Gone.1.json'), '{}');
    rmSync(join(docs, 'schemas/messages/Accepted.json'));
    writeContract(domainOf(version1), docs);
    expect(driftOf(domainOf(version1), docs)).toEqual([]);
  });
});

describe('a release', () => {
  it('promises nothing before the first one', () => {
    expect(brokenPromises(domainOf(version1), docs)).toEqual([]);
  });

  it('is kept by a next version that keeps the one before, and by a command that accepts more', () => {
    releaseContract(domainOf(version1), docs);
    expect(brokenPromises(domainOf(withVersion2(version1), z.union([z.string(), z.null()])), docs)).toEqual([]);
  });

  it.each([
    ['changes a released version', domainOf({ ...version1, schema: z.strictObject({ text: z.int() }) }), 'has changed'],
    ['changes its sample', domainOf({ ...version1, sample: { text: 'b' } }), 'has changed'],
    ['drops a released version', domainOf({ ...withVersion2(version1), earlier: [] }), 'is gone'],
    ['narrows a command', domainOf(version1, z.string().min(1)), 'command note.write: input has minLength 1'],
  ])('is broken by a domain that %s', (_what, broken, why) => {
    releaseContract(domainOf(version1), docs);
    writeContract(broken, docs);
    expect(brokenPromises(broken, docs)).toEqual([expect.stringContaining(why)]);
    releaseContract(broken, docs);
    expect(brokenPromises(broken, docs), 'accepted').toEqual([]);
  });

  it('is refused when its file is not one', () => {
    releaseContract(domainOf(version1), docs);
    writeFileSync(join(docs, RELEASED), '{"events": []}');
    expect(() => brokenPromises(domainOf(version1), docs)).toThrow('events');
  });
});

describe('samples', () => {
  it.each([
    ['is missing', { ...version1, sample: undefined }, 'note.Written.1 has no sample'],
    ['its schema refuses', { ...version1, sample: { text: 1 } }, /^note\.Written\.1: .*events\[0\]\.data\.text/],
    [
      'does not come through the upcasters',
      nextVersion(version1, {
        schemaVersion: 2,
        schema: z.strictObject({ n: z.int() }),
        sample: { n: 1 },
        upcast: () => ({ n: 0.5 }),
      }),
      /^note\.Written\.1: .*does not become version 2: data\.n/,
    ],
  ])('are told where one %s', (_what, event, fault) => {
    expect(sampleFaults(domainOf(event))).toEqual([expect.stringMatching(fault)]);
  });

  it('are told where one does not fold', () => {
    const [note] = domainOf(version1).streams.values();
    if (!note) throw new Error('no stream');
    const evolve = () => {
      throw new Error('cannot fold');
    };
    expect(sampleFaults(defineDomain({ streams: [{ ...note, evolve }], views: [] }))).toEqual([
      expect.stringMatching(/^note\.Written\.1: .*cannot fold/),
    ]);
  });

  it('are told where a version is missing', () => {
    expect(sampleFaults(domainOf({ ...version1, schemaVersion: 3 }))).toEqual([
      expect.stringMatching(/^note\.Written\.1 is missing/),
      expect.stringMatching(/^note\.Written\.2 is missing/),
    ]);
  });
});

describe('the contract of the example domain', () => {
  const read = (file: string): string => readFileSync(join('docs', file), 'utf8');

  it('keeps every version with a sample that is accepted, comes through the upcasters and folds', () => {
    expect(sampleFaults(domain)).toEqual([]);
  });

  it('is committed as it is, and keeps what was released', () => {
    expect(driftOf(domain, 'docs')).toEqual([]);
    expect(brokenPromises(domain, 'docs')).toEqual([]);
  });

  it.each(schemaDocuments(domain).map((document) => [fileOf(document)]))(
    '%s is JSON Schema, and accepts its sample',
    (file) => {
      const schema = z.looseObject({ examples: z.array(z.unknown()).default([]) }).parse(JSON.parse(read(file)));
      const validate = formats.default(new Ajv2020({ strict: true })).compile(schema);
      for (const example of schema.examples) expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      expect(schema.examples).toHaveLength(file.startsWith('schemas/events/') ? 1 : 0);
    },
  );

  it('says it as an AsyncAPI 3.0 document, whose references lead somewhere', () => {
    const require = createRequire(import.meta.url);
    const document = parse(read(ASYNCAPI));
    const validate = formats
      .default(
        // It brings the schema of schemas with it.
        new Ajv({ strict: false, meta: false, validateSchema: false }),
      )
      .compile(require('@asyncapi/specs/schemas/3.0.0.json'));
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...document, channels: [] })).toBe(false);

    const { channels, operations } = z
      .object({
        channels: z.object({
          bus: z.object({
            messages: z.record(z.string(), z.object({ payload: z.object({ schema: z.object({ $ref: z.string() }) }) })),
          }),
        }),
        operations: z.record(z.string(), z.object({ messages: z.array(z.object({ $ref: z.string() })) })),
      })
      .parse(document);
    const messages = Object.entries(channels.bus.messages);
    for (const [, { payload }] of messages) expect(() => JSON.parse(read(payload.schema.$ref))).not.toThrow();
    const references = Object.values(operations).flatMap((operation) => operation.messages.map(({ $ref }) => $ref));
    expect(references.sort()).toEqual(messages.map(([name]) => `#/channels/bus/messages/${name}`).sort());
  });
});
