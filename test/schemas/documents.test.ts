import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseEvents } from '../../core/definition/stream.ts';
import { MeridianError, toProblem } from '../../core/facts/errors.ts';
import { defineDomain, defineStream, nextVersion, reject } from '../../core/index.ts';
import { announcementOf } from '../../core/wire/announcement.ts';
import { entriesOf } from '../../core/wire/bus-event.ts';
import { conflictEntryOf } from '../../core/wire/conflict-event.ts';
import { parseCommandEnvelope, parseEventsEnvelope } from '../../core/wire/envelope.ts';
import { acceptedEntry, rejectedEntry } from '../../core/wire/receipt.ts';
import { registrySchemas, schemaDocuments } from '../../schemas/documents.ts';
import { aCommit } from '../contract/commits.ts';
import { aDecision, anAbort } from '../contract/decisions.ts';
import { anEntry } from '../contract/ledger.contract.ts';

const temperature = nextVersion(
  { schemaVersion: 1, schema: z.strictObject({ fahrenheit: z.number() }), sample: { fahrenheit: 32 } },
  {
    schemaVersion: 2,
    schema: z.strictObject({ celsius: z.number(), sensor: z.string().default('roof') }),
    sample: { celsius: 0 },
    upcast: ({ fahrenheit }) => ({ celsius: ((fahrenheit - 32) * 5) / 9 }),
  },
);
const reading = defineStream({
  type: 'reading',
  mode: 'merge',
  events: { Measured: temperature, Dated: { schemaVersion: 1, schema: z.strictObject({ at: z.date().optional() }) } },
  initial: 0,
  evolve: (count) => count + 1,
  commands: { measure: { input: z.strictObject({ celsius: z.number() }), decide: () => [] } },
});
const meter = defineStream({ ...reading, type: 'meter', mode: 'home', home: () => 'us' });
const domain = defineDomain({ streams: [reading, meter], views: [] });

const documents = schemaDocuments(domain);
function find(kind: string, name: string) {
  const document = documents.find((each) => each.kind === kind && each.name === name);
  if (!document) throw new Error(`There is no ${kind} ${name}.`);
  return document.schema;
}
function accepts(kind: string, name: string) {
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(find(kind, name));
  return (value: unknown) => (validate(value) ? 'yes' : validate.errors?.map(({ instancePath }) => instancePath));
}

/** As EventBridge delivers an entry. */
function delivered({ source, detailType, detail }: ReturnType<typeof acceptedEntry>) {
  return {
    version: '0',
    id: 'any',
    'detail-type': detailType,
    source,
    account: '000000000000',
    time: '2026-11-24T00:45:03Z',
    region: 'us-east-1',
    resources: [],
    detail: JSON.parse(detail),
  };
}

describe('the schema documents of a domain', () => {
  it('cover every version of every event, every command and every message', () => {
    const names = (kind: string) => documents.filter((each) => each.kind === kind).map(({ name }) => name);
    expect(names('event')).toEqual(
      ['reading', 'meter'].flatMap((type) => [`${type}.Measured.1`, `${type}.Measured.2`, `${type}.Dated.1`]),
    );
    expect(names('command')).toEqual(['reading.measure', 'meter.measure']);
    expect(names('message')).toEqual([
      ...['reading', 'meter'].flatMap((type) => [
        `append.${type}`,
        `command.${type}.measure`,
        `${type}.Measured.1`,
        `${type}.Measured.2`,
        `${type}.Dated.1`,
      ]),
      'transact',
      'Accepted',
      'Rejected',
      'TransactionCommitted',
      'TransactionAborted',
      'ConflictOpen',
      'ConflictResolved',
    ]);
  });

  it('are of draft 2020-12, name their subject, and contain the sample', () => {
    expect(find('event', 'reading.Measured.1')).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'reading Measured, version 1',
      examples: [{ fahrenheit: 32 }],
      type: 'object',
      properties: { fahrenheit: { type: 'number' } },
      required: ['fahrenheit'],
      additionalProperties: false,
    });
  });

  it('distinguish the stored form from the sent form if they differ', () => {
    expect(find('event', 'reading.Measured.2')).toMatchObject({
      required: ['celsius', 'sensor'],
      examples: [{ celsius: 0, sensor: 'roof' }],
    });
    expect(find('sent', 'reading.Measured.2')).toMatchObject({ required: ['celsius'], examples: [{ celsius: 0 }] });
    expect(() => find('sent', 'reading.Measured.1')).toThrow('reading.Measured.1');
  });

  it('allow what JSON Schema cannot restrict, and have no example without a sample', () => {
    const schema = find('event', 'reading.Dated.1');
    expect(schema).toMatchObject({ properties: { at: {} } });
    expect(schema).not.toHaveProperty('examples');
  });

  it('accept events as published on the bus, in the version in which they were written', () => {
    const events = [
      { type: 'Measured', schemaVersion: 1, data: { fahrenheit: 1 } },
      { type: 'Measured', schemaVersion: 2, data: { celsius: 1, sensor: 'cellar' } },
    ];
    const [first, second] = entriesOf(
      aCommit({ stream: 'reading/r', events, meta: { correlation: 'c', actor: 'a' } }),
    ).map(delivered);
    expect(accepts('message', 'reading.Measured.1')(first)).toBe('yes');
    expect(accepts('message', 'reading.Measured.2')(second)).toBe('yes');
    expect(accepts('message', 'reading.Measured.1')(second)).toContain('/detail/schemaVersion');
    expect(accepts('message', 'meter.Measured.1')(first)).toContain('/source');
  });

  it('accept outcomes', () => {
    const accepted = { id: 'a', stream: 'reading/r', version: 'token' };
    expect(accepts('message', 'Accepted')(delivered(acceptedEntry(accepted)))).toBe('yes');
    const withDot = acceptedEntry({ ...accepted, log: 'us', position: 1 });
    expect(accepts('message', 'Accepted')(delivered(withDot))).toBe('yes');
    for (const problem of [reject('no', { stock: 3 }), new MeridianError('validation', 'no')].map(toProblem)) {
      const rejected = rejectedEntry({ id: 'a', stream: undefined, problem });
      expect(accepts('message', 'Rejected')(delivered(rejected))).toBe('yes');
    }
  });

  it('accept announcements of transactions', () => {
    expect(accepts('message', 'TransactionCommitted')(delivered(announcementOf(aDecision())))).toBe('yes');
    expect(accepts('message', 'TransactionAborted')(delivered(announcementOf(anAbort())))).toBe('yes');
    expect(accepts('message', 'TransactionAborted')(delivered(announcementOf(aDecision())))).toContain('/detail-type');
  });

  it('accept announcements of conflicts', () => {
    const [open, resolved] = (['open', 'superseded'] as const).map((status) =>
      delivered(conflictEntryOf(anEntry({ status }))),
    );
    expect(accepts('message', 'ConflictOpen')(open)).toBe('yes');
    expect(accepts('message', 'ConflictResolved')(resolved)).toBe('yes');
    expect(accepts('message', 'ConflictResolved')(open)).toContain('/detail-type');
  });

  const measured = { type: 'Measured', data: { celsius: 1 } };
  const appends = [
    { id: 'a', stream: 'reading/r', events: [measured] },
    { id: 'a', stream: 'reading/r', events: [{ ...measured, schemaVersion: 2 }], meta: { actor: 'me' } },
    { id: 'a', stream: 'reading/r', events: [{ type: 'Measured', schemaVersion: 1, data: { fahrenheit: 1 } }] },
    { id: 'a', stream: 'reading/r', events: [] },
    { id: 'a', stream: 'reading/..', events: [measured] },
    { id: '', stream: 'reading/r', events: [measured] },
    { id: 'a', stream: 'reading/r', events: [{ ...measured, schemaVersion: 1 }] },
    { id: 'a', stream: 'reading/r', events: [{ ...measured, schemaVersion: 3 }] },
    { id: 'a', stream: 'reading/r', events: [{ type: 'Measured', data: { fahrenheit: 1 } }] },
    { id: 'a', stream: 'reading/r', events: [measured], expected: 'token' },
    { id: 'a', stream: 'reading/r', events: [measured], meta: { actor: '' } },
    { id: 'a', stream: 'reading/r', events: [measured], more: 1 },
    { id: 'a', stream: 'reading/r' },
  ];
  const does = (what: () => unknown): boolean => {
    try {
      what();
      return true;
    } catch {
      return false;
    }
  };

  it.each(appends)('accept an append exactly if the code does: %j', (detail) => {
    const entry = delivered({ source: 'test', detailType: 'meridian.append', detail: JSON.stringify(detail) });
    const isAccepted = does(() => {
      const { operation } = parseEventsEnvelope(domain, detail, () => 'id');
      if (operation.kind === 'events') parseEvents(reading, operation.events);
    });
    expect(accepts('message', 'append.reading')(entry) === 'yes').toBe(isAccepted);
  });

  it.each([
    { id: 'a', stream: 'meter/m', command: 'measure', input: { celsius: 1 } },
    { id: 'a', stream: 'meter/m', command: 'measure', input: { celsius: '1' } },
    { id: 'a', stream: 'meter/m', command: 'measure', input: { celsius: 1 }, basedOn: 'token' },
    { id: 'a', stream: 'meter/m', command: 'measure' },
  ])('accept a command exactly if the code does: %j', (detail) => {
    const entry = delivered({ source: 'test', detailType: 'meridian.command', detail: JSON.stringify(detail) });
    const isAccepted = does(() => {
      parseCommandEnvelope(domain, detail, () => 'id');
      reading.commands.measure.input.parse(detail.input);
    });
    expect(accepts('message', 'command.meter.measure')(entry) === 'yes').toBe(isAccepted);
  });

  it("allow no producer to use Meridian's sources", () => {
    const entry = { source: 'meridian.x', detailType: 'meridian.append', detail: JSON.stringify(appends[0]) };
    expect(accepts('message', 'append.reading')(delivered(entry))).toEqual(['/source']);
  });
});

describe('the schemas for a registry of EventBridge', () => {
  it('are the schemas of the current versions, under the names that EventBridge gives them', () => {
    expect(Object.keys(registrySchemas(domain))).toEqual([
      'meridian.reading@Measured',
      'meridian.reading@Dated',
      'meridian.meter@Measured',
      'meridian.meter@Dated',
    ]);
  });

  it('are of draft 4: without newer keywords, and valid for an event as it is delivered', () => {
    const { $schema, ...schema } = registrySchemas(domain)['meridian.reading@Measured'] ?? {};
    expect($schema).toBe('http://json-schema.org/draft-04/schema#');
    for (const word of ['const', '$defs', 'prefixItems', 'examples', 'propertyNames', '$id'])
      expect(JSON.stringify(schema)).not.toContain(`"${word}":`);
    const validate = new Ajv().compile(schema);
    const events = [{ type: 'Measured', schemaVersion: 2, data: { celsius: 1, sensor: 'roof' } }];
    const [event] = entriesOf(aCommit({ stream: 'reading/r', events, meta: {} })).map(delivered);
    expect(validate(event)).toBe(true);
    expect(validate({ ...event, 'detail-type': 'Dated' })).toBe(false);
  });
});
