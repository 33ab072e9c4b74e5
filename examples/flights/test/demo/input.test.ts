import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { streamTypeOf } from '../../../../core/definition/domain.ts';
import { parseEvents, parseInput } from '../../../../core/definition/stream.ts';
import { parseCommandEnvelope, parseEventsEnvelope } from '../../../../core/wire/envelope.ts';
import { flightCounts, flightsFile, putsOf, readFlights } from '../../demo/input.ts';
import { domain } from '../../index.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const good = { date: '2001/01/01 06:55', delay: -19, distance: 1797, origin: 'LAX', destination: 'BNA' };
const folder = mkdtempSync(join(tmpdir(), 'meridian-input-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(content: unknown): string {
  const file = join(folder, 'flights.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

describe('readFlights', () => {
  it.each(flightCounts)('reads the %s flights of vega-datasets, numbered from 1', (count) => {
    const flights = readFlights(flightsFile(count));
    expect(flights.map(({ row }) => row)).toEqual(
      Array.from({ length: Number.parseInt(count, 10) * 1000 }, (_, i) => i + 1),
    );
  });

  it('keeps the columns of a row that the airports report', () => {
    expect(readFlights(fileOf([good]))).toEqual([
      { row: 1, scheduled: '2001-01-01T06:55', delay: -19, origin: 'LAX', destination: 'BNA' },
    ]);
  });

  it.each([
    ['a day in another form', { ...good, date: '1/1/2001' }, 'row 2: date: '],
    ['a delay that is not a whole number', { ...good, delay: 'late' }, 'row 2: delay: '],
    ['an airport that does not exist', { ...good, origin: 'XXX' }, 'row 2: origin: there is no airport XXX'],
    ['no destination', { ...good, destination: undefined }, 'row 2: destination: '],
    ['null instead of a flight', null, 'row 2: '],
  ])('names the row of %s', (_what, bad, message) => {
    expect(() => readFlights(fileOf([good, bad, good]))).toThrow(`flights.json, ${message}`);
  });

  it('names every fault of a row', () => {
    expect(() => readFlights(fileOf([{ ...good, origin: 'XXX', destination: 'YYY' }]))).toThrow(
      /row 1: origin: .*XXX; destination: .*YYY/,
    );
  });

  it('refuses what is not an array', () => {
    expect(() => readFlights(fileOf({ flights: [] }))).toThrow(/flights\.json .*array/);
  });
});

describe('putsOf', () => {
  it('makes each airport report in its own Region, and the destination reserve a seat', () => {
    expect([...putsOf(readFlights(fileOf([good])), regions)]).toEqual([
      {
        region: 'us-west-2',
        detailType: 'meridian.append',
        detail: {
          id: '2001-01-01.LAX-BNA.1.departed',
          stream: 'flight/2001-01-01.LAX-BNA.1',
          events: [{ type: 'Departed', data: { airport: 'LAX', delay: -19, scheduled: '2001-01-01T06:55' } }],
        },
      },
      {
        region: 'us-east-2',
        detailType: 'meridian.append',
        detail: {
          id: '2001-01-01.LAX-BNA.1.arrived',
          stream: 'flight/2001-01-01.LAX-BNA.1',
          events: [{ type: 'Arrived', data: { airport: 'BNA', delay: -19 } }],
        },
      },
      {
        region: 'us-east-2',
        detailType: 'meridian.command',
        detail: {
          id: '2001-01-01.LAX-BNA.1.reserve',
          stream: 'seats/2001-01-01.LAX-BNA.1',
          command: 'reserve',
          input: { passenger: 'passenger-1' },
        },
      },
    ]);
  });

  it('keeps the order of the file and distinguishes two flights of the same minute and route', () => {
    const puts = [...putsOf(readFlights(fileOf([good, good])), regions)];
    expect(puts.map(({ detail }) => detail)).toMatchObject([
      { id: '2001-01-01.LAX-BNA.1.departed' },
      { id: '2001-01-01.LAX-BNA.1.arrived' },
      { id: '2001-01-01.LAX-BNA.1.reserve' },
      { id: '2001-01-01.LAX-BNA.2.departed' },
      { id: '2001-01-01.LAX-BNA.2.arrived' },
      { id: '2001-01-01.LAX-BNA.2.reserve' },
    ]);
  });

  it('makes each put only when it is requested', () => {
    const puts = putsOf(
      (function* () {
        yield* readFlights(fileOf([good]));
        throw new Error('asked for too much');
      })(),
      regions,
    );
    expect(puts.next().value).toMatchObject({ region: 'us-west-2' });
  });

  it('makes the same puts from the same file, some for every Region, with no id twice', () => {
    const puts = () => [...putsOf(readFlights(flightsFile('2k')), regions)];
    expect(puts()).toEqual(puts());
    expect(puts().length).toBe(3 * 2000);
    expect(new Set(puts().map(({ region }) => region))).toEqual(new Set(regions));
    expect(new Set(puts().map(({ detail }) => 'id' in detail && detail.id)).size).toBe(3 * 2000);
  });

  it('makes only puts that the domain accepts', () => {
    const noId = () => {
      throw new Error('an envelope without an id');
    };
    for (const { detailType, detail } of putsOf(readFlights(flightsFile('5k')), regions)) {
      const { stream, operation } =
        detailType === 'meridian.append'
          ? parseEventsEnvelope(domain, detail, noId)
          : parseCommandEnvelope(domain, detail, noId);
      const definition = streamTypeOf(domain, stream.slice(0, stream.indexOf('/')));
      if (operation.kind === 'events') parseEvents(definition, operation.events);
      else parseInput(definition, operation.command, operation.input);
    }
  });
});
