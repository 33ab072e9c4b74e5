import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type EventVersion, nextVersion, schemaVersionsOf } from '../../../core/definition/event-version.ts';
import { checkEvents, parseEvents } from '../../../core/definition/stream.ts';
import type { Commit, StoredEvent } from '../../../core/facts/commit.ts';
import { nextStamp } from '../../../core/facts/hlc.ts';
import { defineDomain, defineStream, defineView } from '../../../core/index.ts';
import { Fold } from '../../../core/log/fold.ts';
import { History } from '../../../core/log/history.ts';
import { readCommits, readStream } from '../../../core/read/streams.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { aCommit } from '../../contract/commits.ts';
import { anAppend, aRegion } from '../a-region.ts';

const fahrenheit = { schemaVersion: 1, schema: z.strictObject({ fahrenheit: z.number() }), sample: { fahrenheit: 32 } };
const celsius = nextVersion(fahrenheit, {
  schemaVersion: 2,
  schema: z.strictObject({ celsius: z.number() }),
  sample: { celsius: 0 },
  upcast: ({ fahrenheit }) => ({ celsius: ((fahrenheit - 32) * 5) / 9 }),
});
const withSensor = nextVersion(celsius, {
  schemaVersion: 3,
  schema: z.strictObject({ celsius: z.number(), sensor: z.string().default('unknown') }),
  sample: { celsius: 0, sensor: 'roof' },
  upcast: ({ celsius }) => ({ celsius }),
});

/** The data that `evolve` receives for each event, and the data of the events concurrent with it. */
type Seen = readonly {
  readonly schemaVersion: number;
  readonly data: unknown;
  readonly concurrent: readonly unknown[];
}[];

function readings(Measured: EventVersion, Checked?: EventVersion) {
  return defineStream({
    type: 'reading',
    mode: 'merge',
    events: Checked ? { Measured, Checked } : { Measured },
    initial: [] as Seen,
    evolve: (seen, { schemaVersion, data }, { concurrent }) => [
      ...seen,
      { schemaVersion, data, concurrent: concurrent.map((event) => event.data) },
    ],
    commands: { look: { input: z.null(), decide: () => [] } },
  });
}
const [oldest, newest] = [readings(fahrenheit), readings(withSensor)];

function measured(version: number, data: unknown): StoredEvent {
  return { type: 'Measured', schemaVersion: version, data };
}
function stored(position: number, ...events: readonly StoredEvent[]): Commit {
  return aCommit({
    stream: 'reading/r',
    log: 'us',
    position,
    events,
    context: position > 1 ? { us: position - 1 } : {},
    hlc: nextStamp(position, undefined),
  });
}

const freezing = { celsius: 0, sensor: 'unknown' };
function unreadable(message: string, details: object) {
  return expect.objectContaining({
    code: 'unreadable-event',
    retryable: true,
    message: expect.stringContaining(message),
    details: { stream: 'reading/r', event: 'reading/r@us.1.0', ...details },
  });
}

/** A Region whose code has this definition. */
function regionWith(definition: typeof newest) {
  return {
    ...aRegion(),
    domain: defineDomain({
      streams: [definition],
      views: [defineView({ name: 'seen', kind: 'rows', of: definition, row: (seen) => seen })],
    }),
  };
}
function sent(version: number | undefined, data: unknown, commitId = 'sent') {
  return anAppend({
    stream: 'reading/r',
    commitId,
    operation: { kind: 'events', events: [{ type: 'Measured', ...(version && { schemaVersion: version }), data }] },
  });
}

describe('the next version of an event', () => {
  it('knows all earlier versions, oldest first', () => {
    expect(schemaVersionsOf(withSensor).map(({ schemaVersion, sample }) => ({ schemaVersion, sample }))).toEqual([
      { schemaVersion: 1, sample: { fahrenheit: 32 } },
      { schemaVersion: 2, sample: { celsius: 0 } },
      { schemaVersion: 3, sample: { celsius: 0, sensor: 'roof' } },
    ]);
  });

  it('is refused with a misspelt member', () => {
    const given = { schemaVersion: 2, schema: z.object({}), upcast: () => ({}), samples: {} };
    expect(() => nextVersion(fahrenheit, given)).toThrow(
      'Version 2 of an event: there is no member samples; did you mean sample? Choose from schemaVersion, schema, sample, upcast.',
    );
  });

  it.each([1, 3])('is the previous version plus one: not %i after 1', (version) => {
    const { schema, upcast } = { schema: z.object({}), upcast: () => ({}) };
    expect(() => nextVersion(fahrenheit, { schemaVersion: version, schema, upcast })).toThrow(
      `version ${version} cannot follow version 1`,
    );
  });
});

describe('folding', () => {
  it('shows every event in the current version, whatever version it was stored in', () => {
    const fold = new Fold(newest);
    fold.apply(stored(1, measured(1, { fahrenheit: 32 }), measured(2, { celsius: 0 }), measured(3, freezing)));
    expect(fold.state).toEqual(Array.from({ length: 3 }, () => ({ schemaVersion: 3, data: freezing, concurrent: [] })));
  });

  it('shows concurrent events in the current version too', () => {
    const fold = new Fold(newest);
    fold.apply(stored(1, measured(1, { fahrenheit: 32 })));
    fold.apply({
      ...stored(1, measured(2, { celsius: 0 })),
      log: 'eu',
      commitId: 'other',
      hlc: nextStamp(2, undefined),
    });
    expect(fold.state).toMatchObject([{ concurrent: [] }, { concurrent: [freezing] }]);
  });

  it('has the same result as if all events had been stored in the current version', () => {
    const version1 = fc.record({ fahrenheit: fc.integer() });
    const version2 = fc.record({ celsius: fc.integer() });
    const version3 = fc.record({ celsius: fc.integer(), sensor: fc.string() });
    const event = fc.oneof(
      version1.map((data) => ({
        stored: measured(1, data),
        now: { celsius: ((data.fahrenheit - 32) * 5) / 9, sensor: 'unknown' },
      })),
      version2.map((data) => ({ stored: measured(2, data), now: { ...data, sensor: 'unknown' } })),
      version3.map((data) => ({ stored: measured(3, data), now: data })),
    );
    fc.assert(
      fc.property(fc.array(event, { minLength: 1 }), (events) => {
        const [mixed, current] = [new Fold(newest), new Fold(newest)];
        mixed.apply(stored(1, ...events.map((each) => each.stored)));
        // A store keeps JSON, which has no -0.
        current.apply(stored(1, ...events.map(({ now }) => measured(3, JSON.parse(JSON.stringify(now))))));
        expect(mixed.state).toEqual(current.state);
      }),
    );
  });

  it('leaves stored events unchanged, for readers and for the bus', async () => {
    const us = regionWith(newest);
    const commit = stored(1, measured(1, { fahrenheit: 32 }));
    us.table.replicate(commit);
    expect((await readStream(us, 'reading/r')).state).toMatchObject([{ schemaVersion: 3 }]);
    expect((await readCommits(us, 'reading/r')).commits).toEqual([commit]);
    expect(entriesOf(commit).map(({ detail }) => JSON.parse(detail))).toMatchObject([
      { schemaVersion: 1, data: { fahrenheit: 32 } },
    ]);
  });

  it('passes data to an upcaster as it is stored: without undefined members', () => {
    const keys: string[][] = [];
    const schema = z.strictObject({ at: z.string(), by: z.string().optional() });
    const dated = nextVersion(
      { schemaVersion: 1, schema },
      {
        schemaVersion: 2,
        schema,
        upcast: (data) => {
          keys.push(Object.keys(data));
          return { ...data, by: undefined };
        },
      },
    );
    const definition = readings(dated);
    const event = { type: 'Measured', schemaVersion: 1, data: { at: 'now' } };
    const fold = new Fold(definition);
    fold.apply(stored(1, event));
    expect(fold.state).toMatchObject([{ data: event.data }]);
    expect(parseEvents(definition, [{ ...event, data: { at: 'now', by: undefined } }])).toStrictEqual([
      { ...event, schemaVersion: 2 },
    ]);
    expect(keys).toEqual([['at'], ['at']]);
  });

  it('refuses the result of an upcaster that could not be stored', () => {
    const schema = z.strictObject({ at: z.coerce.date() });
    const dated = nextVersion({ schemaVersion: 1, schema }, { schemaVersion: 2, schema, upcast: (data) => data });
    const event = { type: 'Measured', schemaVersion: 1, data: { at: '1970-01-01T00:00:00.000Z' } };
    expect(() => new Fold(readings(dated)).apply(stored(1, event))).toThrow(
      expect.objectContaining({
        code: 'unreadable-event',
        message: expect.stringContaining('data.at: is a Date, which JSON cannot express'),
      }),
    );
  });
});

describe.each([
  ['a version', measured(3, freezing), 'is Measured in version 3: this code knows version 1.'],
  ['a type', { ...measured(1, {}), type: 'Checked' }, 'is Checked in version 1: this code knows no such event.'],
])('%s that only newer code knows', (_what, event, message) => {
  const refusal = unreadable(message, { eventType: event.type, schemaVersion: event.schemaVersion });

  it('is not folded', () => {
    expect(() => new Fold(oldest).apply(stored(1, event))).toThrow(refusal);
    const history = new History(oldest, 'reading/r', [stored(1, event)]);
    expect(() => history.state).toThrow(refusal);
    expect(() => history.state, 'not on a retry either').toThrow(refusal);
  });

  it('fails reads of the state, but is shown among the commits', async () => {
    const us = regionWith(oldest);
    us.table.replicate(stored(1, event));
    await expect(readStream(us, 'reading/r')).rejects.toThrow(refusal);
    expect((await readCommits(us, 'reading/r')).commits).toEqual([stored(1, event)]);
  });

  it.each([
    ['events', sent(1, { fahrenheit: 1 })],
    ['a command', anAppend({ stream: 'reading/r', operation: { kind: 'command', command: 'look', input: null } })],
  ])('blocks appends to its stream: %s', async (_request, asked) => {
    const us = regionWith(oldest);
    us.table.replicate(stored(1, event));
    await expect(appendToStream(us, asked)).rejects.toThrow(refusal);
    expect(await us.table.load('reading/r')).toHaveLength(1);
  });

  it('blocks appends by a process that has an older copy in memory', async () => {
    const us = regionWith(oldest);
    await appendToStream(us, sent(1, { fahrenheit: 1 }, 'first'));
    us.table.replicate(stored(2, event));
    const refused = appendToStream(us, sent(1, { fahrenheit: 2 }, 'second'));
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'unreadable-event', retryable: true }));
    expect(await us.table.load('reading/r')).toHaveLength(2);
  });

  it('does not affect the retry of a committed append', async () => {
    const us = regionWith(oldest);
    const first = await appendToStream(us, sent(1, { fahrenheit: 1 }, 'first'));
    us.table.replicate(stored(2, event));
    us.warm.clear();
    expect(await appendToStream(us, sent(1, { fahrenheit: 1 }, 'first'))).toEqual(first);
  });

  it('fails only its own stream in the projector, and is projected once newer code is deployed', async () => {
    const us = regionWith(oldest);
    us.table.replicate(stored(1, event));
    await appendToStream(us, { ...sent(1, { fahrenheit: 32 }), stream: 'reading/other' });
    const triggers = ['reading/r', 'reading/other'].map((stream) => ({
      stream,
      log: 'us',
      position: 1,
      inTable: true,
    }));
    const failed = await projectTriggers(us, triggers);
    expect([...failed]).toEqual([['reading/r', refusal]]);

    const newer = regionWith(readings(withSensor, fahrenheit));
    expect(await projectTriggers({ ...us, domain: newer.domain }, triggers.slice(0, 1))).toEqual(new Map());
  });
});

it('does not mistake a member that every object has, such as toString, for a known event', () => {
  const event = { ...measured(1, {}), type: 'toString' };
  expect(() => new Fold(oldest).apply(stored(1, event))).toThrow('this code knows no such event');
});

describe('an upcaster', () => {
  const brokenBy = (upcast: () => { celsius: number }) =>
    readings(nextVersion(fahrenheit, { schemaVersion: 2, schema: z.strictObject({ celsius: z.number() }), upcast }));
  const throwing = brokenBy(() => {
    throw new Error('no formula');
  });
  const wrong = brokenBy(() => ({ celsius: Number.NaN }));
  const rude = brokenBy(() => {
    throw 'nothing to say';
  });

  it.each([
    ['throws', throwing, 'no formula'],
    ['throws a value that is not an error', rude, 'nothing to say'],
    ['returns data that its schema refuses', wrong, 'data.celsius: Invalid input'],
  ])('that %s is reported with the stream, the event and the version', (_what, definition, why) => {
    const fold = () => new Fold(definition).apply(stored(1, measured(1, { fahrenheit: 1 })));
    expect(fold).toThrow(
      unreadable(
        `Event reading/r@us.1.0 is Measured in version 1: Measured 1 cannot be converted to version 2: ${why}`,
        {
          eventType: 'Measured',
          schemaVersion: 1,
        },
      ),
    );
  });

  it("that fails on sent data is not the caller's fault", () => {
    expect(() => parseEvents(throwing, [measured(1, { fahrenheit: 1 })])).toThrow(
      expect.objectContaining({
        code: 'internal',
        message: expect.stringMatching(/Measured 1 .*version 2: no formula.*upcaster/),
      }),
    );
  });
});

describe('events that are sent', () => {
  it('may be of an earlier version, and are stored in the current one', () => {
    expect(parseEvents(newest, [measured(1, { fahrenheit: 32 }), measured(2, { celsius: 0 })])).toEqual([
      measured(3, freezing),
      measured(3, freezing),
    ]);
  });

  it('are checked against the schema of the version that they name, by default the current one', () => {
    const faults = (event: Parameters<typeof parseEvents>[1][number]) =>
      checkEvents(newest, [event]).faults.map(({ path }) => path);
    expect(faults(measured(1, { celsius: 0 }))).toEqual(['events[0].data.fahrenheit', 'events[0].data.celsius']);
    expect(faults({ type: 'Measured', data: { fahrenheit: 32 } })).toEqual([
      'events[0].data.celsius',
      'events[0].data.fahrenheit',
    ]);
  });

  it.each([0, 4, 1.5])('are refused in a version that does not exist: %d', (version) => {
    expect(() => parseEvents(newest, [measured(version, freezing)])).toThrow(
      `events[0].schemaVersion: is ${version}, but Measured is at version 3`,
    );
  });

  it('are recognised on a retry after a new version is deployed, and remain stored as they were', async () => {
    const before = regionWith(oldest);
    const first = await appendToStream(before, sent(1, { fahrenheit: 32 }));
    const after = { ...before, ...{ domain: regionWith(newest).domain, warm: new Map() } };
    expect(await appendToStream(after, sent(1, { fahrenheit: 32 }))).toEqual(first);
    expect(await before.table.load('reading/r')).toMatchObject([{ events: [measured(1, { fahrenheit: 32 })] }]);
  });
});
