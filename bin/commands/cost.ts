import { type Command, InvalidArgumentError, Option } from 'commander';
import { ZodError } from 'zod';
import { MAX_PARTICIPANTS } from '../../core/limits/budgets.ts';
import { REGION_COUNT, regionsFault } from '../../core/names.ts';
import { ownPage } from '../../project/own-package.ts';
import { readText } from '../../project/utf8-text.ts';
import { estimateCost, type Line, SECONDS_A_MONTH, type Usage } from '../cost/model.ts';
import { LIST_PRICES, type Prices, pricesWith } from '../cost/prices.ts';
import { fileErrorOf } from '../file-error.ts';
import { sayJson, sayText, table } from '../output.ts';

interface CostOptions extends Usage {
  readonly prices: Prices;
  readonly json?: boolean;
}

/** `meridian cost` */
export function addCost(program: Command): void {
  program
    .command('cost')
    .description('estimate the cost of a month on AWS, at list prices')
    .option('--events-per-second <n>', 'events appended per second, all Regions together', amount(0, 1e6), 10)
    .option('--size <bytes>', "size of an event's data, in bytes", amount(0, 250_000), 500)
    .addOption(new Option('--regions <n|list>', 'the number of Regions, or their names').argParser(regions).default(3))
    .option('--views <n>', 'views changed by each event', whole(0, 100), 1)
    .option('--batch <n>', 'commits per invocation: 1 at low traffic, 10 at high traffic', amount(1, 10), 1)
    .addOption(
      new Option('--via <way>', 'whether producers send through the bus or the HTTP API')
        .choices(['bus', 'http'])
        .default('bus'),
    )
    .option('--warm <share>', 'appends that find their stream in memory, 0 to 1', amount(0, 1), 0)
    .option('--stream-length <n>', 'commits of a stream at the time it is read', whole(1, 100_000), 10)
    .option(
      '--reads-per-second <n>',
      'streams read through the API per second, all Regions together',
      amount(0, 1e6),
      0,
    )
    .option(
      '--transactions-per-second <n>',
      'transactions over several Regions per second; --events-per-second includes their events',
      amount(0, 1e6),
      0,
    )
    .option('--participants <n>', 'streams changed by each transaction', whole(2, MAX_PARTICIPANTS), 2)
    .option('--months <n>', 'months of events kept in the tables', amount(0, 1200), 1)
    .option('--archive-days <n>', 'days for which each bus archives events (archiveDays)', whole(0, 3650), 30)
    .option('--log-retention-days <n>', 'days for which logs are kept (logRetentionDays)', whole(1, 3653), 30)
    .option('--health-checks <seconds>', 'seconds between health checks of each Region, 10 or 30; 0: none', interval, 0)
    .option('--milliseconds <n>', 'billed milliseconds of an invocation; assumed, not measured', amount(1, 900_000), 50)
    .addOption(
      new Option('--prices <file>', 'a JSON file with your own prices, named as in bin/cost/prices.ts')
        .argParser(pricesIn)
        .default(LIST_PRICES, `list prices of us-east-1 as of ${LIST_PRICES.asOf}`),
    )
    .option('--json', 'print one JSON object')
    .action(({ prices, json, ...usage }: CostOptions) => {
      const lines = estimateCost(usage, prices);
      if (json) sayJson(documentOf(usage, prices, lines));
      else sayText(textOf(usage, prices, lines));
    });
}

function dollarsOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { dollars }) => sum + dollars, 0);
}

/** The price of the traffic, and the millions of events that it pays for. */
function variable({ eventsPerSecond }: Usage, lines: readonly Line[]) {
  return {
    dollars: dollarsOf(lines.filter(({ fixed }) => !fixed)),
    millions: (eventsPerSecond * SECONDS_A_MONTH) / 1e6,
  };
}

function documentOf(usage: Usage, prices: Prices, lines: readonly Line[]) {
  const { dollars, millions } = variable(usage, lines);
  return {
    usage,
    prices: { asOf: prices.asOf, source: prices.source },
    lines,
    services: Object.fromEntries(byService(lines).map(([service, own]) => [service, dollarsOf(own)])),
    fixed: dollarsOf(lines) - dollars,
    variable: dollars,
    total: dollarsOf(lines),
    ...(millions > 0 && { perMillionEvents: dollars / millions }),
  };
}

function byService(lines: readonly Line[]) {
  return [...Map.groupBy(lines, ({ service }) => service)];
}

function textOf(usage: Usage, prices: Prices, lines: readonly Line[]): string {
  const { dollars, millions } = variable(usage, lines);
  const shown = table(
    [{ name: 'Service' }, { name: 'what' }, { name: 'a month', align: 'right' }, { name: '$', align: 'right' }],
    byService(lines).flatMap(([service, own]) => [
      [service, '', '', dollarsOf(own).toFixed(2)],
      ...own.map(({ what, quantity, dollars: each }) => ['', what, short(quantity), each.toFixed(2)]),
    ]),
  );
  const total = dollarsOf(lines);
  const fixed = `$${(total - dollars).toFixed(2)} without any traffic`;
  const each = millions > 0 ? ` ($${(dollars / millions).toFixed(2)} a million)` : '';
  return [
    shown,
    `Together $${total.toFixed(2)} a month: ${fixed}, $${dollars.toFixed(2)} for ${short(millions * 1e6)} events${each}.`,
    `Prices as of ${prices.asOf} (${prices.source}), without free tiers. An estimate: see ${ownPage('operations/cost.md')}.`,
  ].join('\n');
}

/** Shortens a number: 12.3 M, 45.6 k, 7. */
function short(quantity: number): string {
  if (quantity >= 1e6) return `${(quantity / 1e6).toFixed(1)} M`;
  if (quantity >= 1e4) return `${(quantity / 1e3).toFixed(1)} k`;
  return Number.isInteger(quantity) ? String(quantity) : quantity.toFixed(1);
}

function amount(least: number, most: number) {
  return (text: string): number => {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (!(number >= least && number <= most))
      throw new InvalidArgumentError(`Write a number from ${least} to ${most}.`);
    return number;
  };
}

function whole(least: number, most: number) {
  return (text: string): number => {
    const number = amount(least, most)(text);
    if (!Number.isInteger(number)) throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
    return number;
  };
}

function interval(text: string): number {
  if (!['0', '10', '30'].includes(text)) throw new InvalidArgumentError('Write 10 or 30, or 0 for no health checks.');
  return Number(text);
}

/** A count, or names separated by commas. The Regions' names do not affect the list prices. */
function regions(text: string): number {
  if (/^\d+$/.test(text)) return whole(REGION_COUNT.least, REGION_COUNT.most)(text);
  const names = text.split(',');
  const fault = regionsFault(names);
  if (fault !== undefined)
    throw new InvalidArgumentError(
      `${fault} Write a number from ${REGION_COUNT.least} to ${REGION_COUNT.most}, or that many different AWS Regions, separated by commas without spaces.`,
    );
  return names.length;
}

function pricesIn(path: string): Prices {
  try {
    return pricesWith(JSON.parse(readText(path)));
  } catch (error) {
    const why =
      error instanceof ZodError
        ? error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim()).join('; ')
        : fileErrorOf(error);
    throw new InvalidArgumentError(`${why}.`);
  }
}
