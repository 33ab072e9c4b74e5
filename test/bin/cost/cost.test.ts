import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { afterAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { addCost } from '../../../bin/commands/cost.ts';
import { LIST_PRICES, pricesWith } from '../../../bin/cost/prices.ts';
import { meridian } from '../run-meridian.ts';

const folder = mkdtempSync(join(tmpdir(), 'meridian-cost-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command in this process: starting a process for each run would take most of the time. */
function cost(...args: readonly string[]) {
  const said = { stdout: '', stderr: '' };
  const program = new Command('meridian').exitOverride().configureOutput({
    writeErr: (text) => {
      said.stderr += text;
    },
  });
  addCost(program);
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.stdout += text;
    return true;
  });
  try {
    program.parse(['cost', ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { ...said, refused: true };
  } finally {
    spy.mockRestore();
  }
  return { ...said, refused: false };
}
function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const estimateSchema = z.object({
  usage: z.looseObject({ regions: z.number() }),
  lines: z.array(z.object({ service: z.string(), what: z.string(), dollars: z.number(), fixed: z.boolean() })),
  services: z.record(z.string(), z.number()),
  fixed: z.number(),
  variable: z.number(),
  total: z.number(),
  perMillionEvents: z.number().optional(),
});
function estimated(...args: readonly string[]) {
  return estimateSchema.parse(JSON.parse(cost('--json', ...args).stdout));
}

describe('meridian cost', () => {
  it('adds health checks of every Region if they are asked for, with traffic or without', () => {
    const of = (...args: readonly string[]) => estimated('--events-per-second', '0', ...args);
    expect(of().services).not.toHaveProperty('Ingress');
    const [slow, fast] = ['30', '10'].map((seconds) => of('--health-checks', seconds));
    // A check and HTTPS for $1.50; a short interval for $1 more.
    expect(slow?.lines.filter(({ what }) => /checks|option/.test(what)).map(({ dollars }) => dollars)).toEqual([
      1.5, 3,
    ]);
    expect(fast?.lines.filter(({ what }) => /checks|option/.test(what)).map(({ dollars }) => dollars)).toEqual([
      1.5, 6,
    ]);
    const asked = (all: typeof slow) => all?.lines.find(({ what }) => what === 'invocations: live')?.dollars ?? 0;
    expect(asked(fast)).toBeCloseTo(3 * asked(slow));
    expect(slow?.fixed).toBe(slow?.total);
    expect(cost('--health-checks', '20')).toMatchObject({ refused: true, stderr: expect.stringContaining('10 or 30') });
  });

  it('prints what docs/operations/cost.md shows', () => {
    const [, shown = ''] =
      /^\$ npx meridian cost\n([^`]+)^```$/m.exec(readFileSync('docs/operations/cost.md', 'utf8')) ?? [];
    expect(cost()).toEqual({ refused: false, stderr: '', stdout: shown });
  });

  it('adds up, by service and in total', () => {
    const { lines, services, fixed, variable, total, perMillionEvents } = estimated('--events-per-second', '1');
    const sumOf = (dollars: readonly number[]) => dollars.reduce((sum, each) => sum + each, 0);
    expect(sumOf(lines.map(({ dollars }) => dollars))).toBeCloseTo(total, 9);
    expect(sumOf(Object.values(services))).toBeCloseTo(total, 9);
    expect(fixed + variable).toBeCloseTo(total, 9);
    expect(perMillionEvents).toBeCloseTo(variable / 2.628, 9);
  });

  it('shows no price per event without events', () => {
    expect(estimated('--events-per-second', '0').variable).toBe(0);
    expect(estimated('--events-per-second', '0')).not.toHaveProperty('perMillionEvents');
    expect(cost('--events-per-second', '0').stdout).toContain('$0.00 for 0 events.\n');
  });

  it('accepts a number of Regions or their names', () => {
    expect(estimated('--regions', 'us-east-1,eu-west-1')).toEqual(estimated('--regions', '2'));
  });

  it('uses the prices of a file, and list prices where the file has none', () => {
    // An editor on Windows may begin a file with a byte order mark.
    const prices = fileOf('prices.json', '\ufeff{"keys": 5, "asOf": "2030-01"}');
    const run = cost('--prices', prices, '--events-per-second', '0');
    expect(run.stdout).toContain('Prices as of 2030-01');
    expect(estimated('--prices', prices).services.KMS).toBe(15);
    expect(pricesWith({})).toEqual(LIST_PRICES);
  });

  it.each([
    [['--regions', '1'], 'from 2 to 5'],
    [['--regions', 'us-east-1'], '2 to 5'],
    [['--regions', 'us-east-1,us-east-1'], '2 to 5'],
    [['--regions', 'here,there'], '2 to 5'],
    [['--events-per-second', 'many'], 'a number from 0'],
    [['--events-per-second', ''], 'a number from 0'],
    [['--events-per-second=-1'], 'a number from 0'],
    [['--size', '300000'], 'to 250000'],
    [['--views', '1.5'], 'a whole number'],
    [['--batch', '0'], 'from 1 to 10'],
    [['--warm', '2'], 'from 0 to 1'],
    [['--via', 'pigeon'], 'bus, http'],
    [['--prices', '/there/is/none'], 'there is no such file.'],
    [['--prices', fileOf('broken.json', '{')], 'JSON'],
    [['--prices', fileOf('unknown.json', '{"evnts": 1}')], 'evnts'],
    [['--prices', fileOf('negative.json', '{"events": -1}')], 'events'],
    [['--discount', '10'], '--discount'],
  ])('refuses %j, and says what to write', (args, said) => {
    const { refused, stdout, stderr } = cost(...args);
    expect([refused, stdout]).toEqual([true, '']);
    expect(stderr).toContain(said);
  });

  it('is a command of the command line, and exits with 2 on wrong usage', async () => {
    const run = await meridian(['cost', '--regions', '1']);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain('--regions');
  }, 60_000);
});
