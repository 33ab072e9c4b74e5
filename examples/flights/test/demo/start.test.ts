import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VirtualScheduler, World } from '@meridian-es/meridian/world';
import { afterAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { figuresOf } from '../../demo/figures.ts';
import { ingestAll } from '../../demo/ingest.ts';
import { flightsFile, PUTS_PER_FLIGHT, type Put, putsOf, readFlights } from '../../demo/input.ts';
import { reportWorld } from '../../demo/report.ts';
import { domain } from '../../index.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const FLIGHTS = 200;

const folder = mkdtempSync(join(tmpdir(), 'meridian-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The first flights of the real file, in a file of their own. */
const file = join(folder, 'flights.json');
writeFileSync(
  file,
  JSON.stringify(
    z
      .array(z.unknown())
      .parse(JSON.parse(readFileSync(flightsFile('2k'), 'utf8')))
      .slice(0, FLIGHTS),
  ),
);
const puts = [...putsOf(readFlights(file), regions)];

/** A world in virtual time that processes envelopes and is compared with the file. */
function aRun() {
  const scheduler = new VirtualScheduler();
  const world = new World({ domain, regions, scheduler });
  const run = async (given: Iterable<Put>) => {
    const ingested = await scheduler.resolve(ingestAll(world, given));
    const result = await scheduler.resolve(
      reportWorld(world, figuresOf(file), { flights: FLIGHTS, seconds: 2, ingested }),
    );
    return { ingested, ...result };
  };
  return { world, run };
}

describe('real flights in three Regions', () => {
  it('make every Region agree with the file', async () => {
    const { ingested, agree, commits, commitsPerSecond, regions: reports } = await aRun().run(puts);

    expect(ingested).toEqual({ sent: puts.length, accepted: puts.length, rejected: 0, quarantined: 0 });
    expect([agree, commits, commitsPerSecond]).toEqual([true, 3 * FLIGHTS, (3 * FLIGHTS) / 2]);
    expect(reports.map(({ region }) => region)).toEqual(regions);
    for (const { written, seen, viewRows, mismatches, lagMs } of reports) {
      expect(written).toBeGreaterThan(0);
      expect([seen, viewRows, mismatches]).toEqual([commits, figuresOf(file).size, 0]);
      expect(lagMs.p50).toBeGreaterThan(700);
      expect(lagMs.p99).toBeGreaterThan(lagMs.p50);
      expect(lagMs.p99).toBeLessThan(1500);
    }
  });

  it('show in every Region that one event was dropped', async () => {
    const dropped = puts.findIndex(({ detail }) => JSON.stringify(detail).includes('Arrived'));

    const { ingested, agree, regions: reports } = await aRun().run(puts.filter((_put, i) => i !== dropped));

    expect(ingested.accepted).toBe(ingested.sent);
    expect(agree).toBe(false);
    for (const { mismatches } of reports) expect(mismatches).toBe(1);
  });

  it('are reported as different from the file if an envelope is refused or quarantined', async () => {
    const [first] = puts;
    if (!first) throw new Error('No flights.');
    const {
      ingested,
      agree,
      regions: reports,
    } = await aRun().run([
      ...puts,
      { ...first, detail: { ...first.detail, id: 'surplus', stream: 'boat/a' } },
      { ...first, detail: {} },
    ]);
    expect(ingested).toEqual({ sent: puts.length + 2, accepted: puts.length, rejected: 1, quarantined: 1 });
    expect(agree).toBe(false);
    for (const { mismatches } of reports) expect(mismatches).toBe(0);
  });

  it('change nothing when they are put a second time', async () => {
    const { world, run } = aRun();
    const { commits } = await run(puts);

    await run(puts);
    const again = await run([]);

    expect([again.agree, again.commits]).toEqual([true, commits]);
    for (const region of world.regions.values()) {
      expect(region.quarantine.bodies).toEqual([]);
      expect(region.projectionDeadLetters.bodies).toEqual([]);
    }
  });
});

const script = fileURLToPath(new URL('../../../../bin/meridian.ts', import.meta.url));

/** Runs the command line. */
function meridian(...args: readonly string[]) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

// Each run is a process, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** The members of the result that a page documents. */
function documented(page: string) {
  const [, section = ''] = /^## What `start --json` prints\n([\s\S]*?)^## /m.exec(readFileSync(page, 'utf8')) ?? [];
  return [...section.matchAll(/^\| `(\S+)` /gm)].map(([, member]) => member);
}

describe('meridian start', () => {
  it.each([
    [['start', '--flights', '3k'], '2k, 5k, 10k, 20k'],
    [['start', '--port', '70000'], 'A port is a number from 0 to 65535'],
    [['start', '--regions', 'us-east-1,us-east-1'], 'two to five different AWS Regions'],
    [['start', '--regions', 'us-east-1,mars'], 'two to five different AWS Regions'],
    [['start', '--bookings', 'all'], 'Write a whole number, 0 to 100000'],
    [['start', '--decisions', 'mine'], 'strong, eventual'],
    [['start', '--for-ever'], '--for-ever'],
    [['stop'], 'stop'],
    [['start', 'now'], 'too many arguments'],
  ])('exits with 2 on a usage error, and refers to the help: %j', async (args, message) => {
    const { code, stdout, stderr } = await meridian(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nSee: meridian( start)? --help\n$/);
  });

  it('exits with 2 and the help without arguments', async () => {
    expect(await meridian()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: meridian') });
  });

  it('prints its usage when asked for help', async () => {
    const { code, stdout } = await meridian('start', '--help');
    expect(code).toBe(0);
    for (const option of [
      '--flights',
      '--regions',
      '--bookings',
      '--decisions',
      '--port',
      '--no-latency',
      '--once',
      '--json',
    ])
      expect(stdout).toContain(option);
  });

  it('names an unknown Region', async () => {
    const { code, stderr } = await meridian('start', '--once', '--json', '--regions', 'us-east-1,xx-mars-1');
    expect(code).toBe(1);
    expect(stderr).toContain('xx-mars-1');
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('--once --json prints one object with the documented members, and exits with 0 when all agree', async () => {
    const { code, stdout, stderr } = await meridian('start', '--once', '--json', '--no-latency', '--bookings', '300');

    expect(stderr).toBe('');
    expect(code).toBe(0);
    const count = z.int().min(0);
    const milliseconds = z.strictObject({ p50: z.number().min(0), p99: z.number().min(0) });
    const result = z
      .strictObject({
        flights: z.literal(2000),
        commits: z.literal(2000 * PUTS_PER_FLIGHT),
        seconds: z.number().positive(),
        commitsPerSecond: count.min(1),
        peakMemoryMb: count.min(1),
        agree: z.literal(true),
        regions: z.array(
          z.strictObject({
            region: z.string(),
            written: count.min(1),
            seen: z.literal(2000 * PUTS_PER_FLIGHT),
            viewRows: z.literal(figuresOf(flightsFile('2k')).size),
            mismatches: z.literal(0),
            lagMs: milliseconds,
          }),
        ),
        bookings: z.strictObject({
          attempted: z.literal(300),
          committed: count.min(1),
          aborted: z.record(z.string(), count.min(1)),
          oneRegionMs: milliseconds,
          crossRegionMs: milliseconds,
          violations: z.literal(0),
        }),
      })
      .parse(JSON.parse(stdout));
    expect(result.regions.map(({ region }) => region)).toEqual(regions);
    expect(result.regions.reduce((sum, { written }) => sum + written, 0)).toBe(result.commits);
    const keysOf = (value: object | undefined, prefix: string) => Object.keys(value ?? {}).map((key) => prefix + key);
    const { regions: _regions, ...members } = result;
    expect(documented('examples/flights/README.md')).toEqual([
      ...keysOf(members, '').toSpliced(-1),
      ...keysOf(result.regions[0], 'regions[].'),
      'bookings',
      ...keysOf(result.bookings, 'bookings.'),
    ]);
    const { attempted, committed, aborted } = result.bookings;
    expect(Object.values(aborted).reduce((sum, number) => sum + number, committed)).toBe(attempted);
  });

  it('--once prints tables, whether all agree, and whether the bookings add up', async () => {
    const { code, stdout } = await meridian(
      ...['start', '--once', '--no-latency', '--regions', 'us-east-1,us-west-1', '--bookings', '200'],
      ...['--decisions', 'eventual'],
    );
    expect(code).toBe(0);
    expect(stdout).toContain('mismatches');
    expect(stdout).toContain('6000 accepted, 0 rejected, 0 quarantined');
    expect(stdout).toContain('Every Region agrees with the file.');
    expect(stdout).toContain('seat and miles in two Regions');
    expect(stdout).toMatch(/^200 bookings by 200 members in [\d.]+ s: \d+ committed, \d+ aborted/m);
    expect(stdout).toContain('In every Region no flight has more passengers than seats');
    expect(stdout).toContain('The link between us-east-1 and us-west-1 is cut.');
    expect(stdout).toMatch(/^ {2}us-east-1 shows 46 minutes, us-west-1 shows 61 minutes\.$/m);
    expect(stdout).toMatch(/^ {2}us-\w+-1\.\d against us-\w+-1\.\d: state \(evolve\), concurrent, resolved\.$/m);
    expect(stdout).toMatch(/^Every Region shows (46|61) minutes: the later report counts/m);
  });

  it('--bookings 0 books nothing, and prints nothing about bookings', async () => {
    const { code, stdout } = await meridian('start', '--once', '--no-latency', '--json', '--bookings', '0');
    expect([code, 'bookings' in JSON.parse(stdout)]).toEqual([0, false]);
  });
});
