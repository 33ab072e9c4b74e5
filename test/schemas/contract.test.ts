import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { defineDomain, defineStream, type EventVersion, nextVersion } from '../../core/index.ts';
import {
  ASYNCAPI,
  brokenPromises,
  driftOf,
  OPENAPI,
  RELEASED,
  releaseContract,
  writeContract,
} from '../../schemas/contract.ts';
import { registrySchemas } from '../../schemas/documents.ts';
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

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-schemas-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes one file unreadable, one wrong, one missing and one left over. */
function spoil(): void {
  writeFileSync(join(folder, 'commands/note.write.json'), '{');
  writeFileSync(join(folder, 'events/note.Gone.1.json'), '{}');
  rmSync(join(folder, 'messages/Accepted.json'));
  const file = join(folder, OPENAPI);
  writeFileSync(file, readFileSync(file, 'utf8').replace('/streams/note', '/streams/book'));
}

describe('the files of a contract', () => {
  it('are in the folder that they were written to, and the same every time', () => {
    const files = () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [
          join(parentPath, name).slice(folder.length + 1),
          readFileSync(join(parentPath, name), 'utf8'),
        ])
        .sort();
    writeContract(domainOf(withVersion2(version1)), folder);
    const first = files();
    expect(first.map(([name]) => name)).toEqual([
      'asyncapi.yaml',
      'commands/note.write.json',
      'events/note.Written.1.json',
      'events/note.Written.2.json',
      'events/note.Written.2.sent.json',
      'messages/Accepted.json',
      'messages/ConflictOpen.json',
      'messages/ConflictResolved.json',
      'messages/Rejected.json',
      'messages/TransactionAborted.json',
      'messages/TransactionCommitted.json',
      'messages/append.note.json',
      'messages/command.note.write.json',
      'messages/note.Written.1.json',
      'messages/note.Written.2.json',
      'openapi.yaml',
    ]);
    writeContract(domainOf(withVersion2(version1)), folder);
    expect(files()).toEqual(first);
  });

  it('match the domain after they were written, however they are formatted', () => {
    const here = domainOf(version1);
    writeContract(here, folder);
    expect(driftOf(here, folder)).toEqual([]);
    const file = join(folder, 'events/note.Written.1.json');
    writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
    for (const yaml of [ASYNCAPI, OPENAPI])
      writeFileSync(join(folder, yaml), JSON.stringify(parse(readFileSync(join(folder, yaml), 'utf8'))));
    expect(driftOf(here, folder)).toEqual([]);
  });

  it('match the domain with the longest names and with dots, under names that every file system and the registry accept', () => {
    const [note] = domainOf(version1).streams.values();
    if (!note) throw new Error('no stream');
    const long = 'x'.repeat(128);
    const { Written } = note.events;
    const { write } = note.commands;
    if (!Written || !write) throw new Error('no event or no command');
    const type = 't'.repeat(64);
    const names = {
      events: { 'order.placed': Written, [long]: Written },
      commands: { 'order.place': write, [long]: write },
    };
    const domain = defineDomain({ streams: [defineStream({ ...note, type, ...names })], views: [] });
    writeContract(domain, folder);
    expect(driftOf(domain, folder)).toEqual([]);
    for (const name of Object.keys(registrySchemas(domain))) expect(name).toMatch(/^[0-9A-Za-z_.@-]{1,385}$/);
  });

  it('are reported if they are missing, changed, unreadable or left over', () => {
    writeContract(domainOf(version1), folder);
    spoil();
    expect(driftOf(domainOf({ ...version1, sample: { text: 'b' } }), folder)).toEqual([
      expect.stringMatching(/events\/note\.Written\.1\.json is out of date/),
      expect.stringMatching(/commands\/note\.write\.json is out of date/),
      expect.stringMatching(/messages\/Accepted\.json is missing/),
      expect.stringMatching(/openapi\.yaml is out of date/),
      expect.stringMatching(/events\/note\.Gone\.1\.json describes something that no longer exists/),
    ]);
  });

  it('are up to date once they are rewritten', () => {
    writeContract(domainOf(version1), folder);
    spoil();
    writeContract(domainOf(version1), folder);
    expect(driftOf(domainOf(version1), folder)).toEqual([]);
  });
});

describe('a release', () => {
  it('promises nothing before the first release', () => {
    expect(brokenPromises(domainOf(version1), folder)).toEqual([]);
  });

  it('is kept by a new version of an event next to the previous one, and by a command that accepts more', () => {
    releaseContract(domainOf(version1), folder);
    expect(brokenPromises(domainOf(withVersion2(version1), z.union([z.string(), z.null()])), folder)).toEqual([]);
  });

  it.each([
    ['changes a released version', domainOf({ ...version1, schema: z.strictObject({ text: z.int() }) }), 'has changed'],
    ['changes its sample', domainOf({ ...version1, sample: { text: 'b' } }), 'has changed'],
    ['drops a released version', domainOf({ ...withVersion2(version1), earlier: [] }), 'is gone'],
    ['narrows a command', domainOf(version1, z.string().min(1)), 'command note.write: input has minLength 1'],
  ])('is broken by a domain that %s', (_what, broken, why) => {
    releaseContract(domainOf(version1), folder);
    writeContract(broken, folder);
    expect(brokenPromises(broken, folder)).toEqual([expect.stringContaining(why)]);
    releaseContract(broken, folder);
    expect(brokenPromises(broken, folder), 'accepted').toEqual([]);
  });

  it('is refused if its file is malformed', () => {
    releaseContract(domainOf(version1), folder);
    writeFileSync(join(folder, RELEASED), '{"events": []}');
    expect(() => brokenPromises(domainOf(version1), folder)).toThrow('events');
  });
});

describe('samples', () => {
  it.each([
    ['is missing', { ...version1, sample: undefined }, 'note.Written.1 has no sample'],
    ['its schema refuses', { ...version1, sample: { text: 1 } }, /^note\.Written\.1: .*events\[0\]\.data\.text/],
    [
      'fails in the upcasters',
      nextVersion(version1, {
        schemaVersion: 2,
        schema: z.strictObject({ n: z.int() }),
        sample: { n: 1 },
        upcast: () => ({ n: 0.5 }),
      }),
      /^note\.Written\.1: .*cannot be converted to version 2: data\.n/,
    ],
  ])('are reported if a sample %s', (_what, event, fault) => {
    expect(sampleFaults(domainOf(event))).toEqual([expect.stringMatching(fault)]);
  });

  it.each([
    z.coerce.date(),
    z.string().transform(() => new Set()),
    z.string().transform(() => 5n),
    z.unknown().transform(() => -0),
  ])('are reported if their schema returns what cannot be stored: %#', (at) => {
    const event = { schemaVersion: 1, schema: z.strictObject({ at }), sample: { at: '2001-01-01' } };
    const fault = /^note\.Written\.1: its sample is not usable: events\[0\]\.data\.at: is .*, which JSON/;
    expect(sampleFaults(domainOf(event))).toEqual([expect.stringMatching(fault)]);
  });

  it('are reported if a sample cannot be folded', () => {
    const [note] = domainOf(version1).streams.values();
    if (!note) throw new Error('no stream');
    const evolve = () => {
      throw new Error('cannot fold');
    };
    expect(sampleFaults(defineDomain({ streams: [{ ...note, evolve }], views: [] }))).toEqual([
      expect.stringMatching(/^note\.Written\.1: .*cannot fold/),
    ]);
  });

  it('are reported if a version is missing', () => {
    expect(sampleFaults(domainOf({ ...version1, schemaVersion: 3 }))).toEqual([
      expect.stringMatching(/^note\.Written\.1 is missing/),
      expect.stringMatching(/^note\.Written\.2 is missing/),
    ]);
  });
});
