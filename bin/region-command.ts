import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_CATCH_UP_S } from '../core/limits/budgets.ts';
import { DEFAULT_PREFIX } from '../core/names.ts';
import { openRegion, type Whereabouts } from './client/open.ts';
import type { Region } from './client/region.ts';
import { type OutputOptions, reportingErrors } from './output.ts';

/** The options of every command that talks to a Region. */
export type RegionOptions = Whereabouts & OutputOptions;

function address(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('Write an address, such as http://127.0.0.1:4700/regions/us-east-1.');
  return text;
}

/** A stream's name from the command line. */
export function streamArgument(text: string): string {
  if (!/^[^/]+\/./.test(text))
    throw new InvalidArgumentError(
      'Write <type>/<id>: a stream type of the project, a slash, and an id, such as order/17.',
    );
  return text;
}

/** A transaction's id from the command line. The Region checks the rest. */
export function transactionId(text: string): string {
  if (!/^[^:]+:./.test(text)) throw new InvalidArgumentError('Write <Region>:<key>, such as us-east-1:order-17.');
  return text;
}

/** Adds a command that talks to a Region. @param usage its name and its arguments */
export function regionCommand(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .optionsGroup('Options:')
    .option('--json', 'print JSON')
    .optionsGroup('Where:')
    .addOption(
      new Option(
        '--url <url>',
        "a Region's API: one that `npm start` serves (default: http://127.0.0.1:4700), or a Function URL",
      )
        .env('MERIDIAN_URL')
        .argParser(address),
    )
    .addOption(new Option('--region <region>', 'a deployed Region, instead of --url').env('MERIDIAN_REGION'))
    .addOption(
      new Option('--name <prefix>', 'the prefix of the names in AWS').env('MERIDIAN_NAME').default(DEFAULT_PREFIX),
    )
    .optionsGroup('Options:')
    .hook('preAction', (_, command) => oneOf(command));
}

/** `--url` or `--region`: options take precedence over the environment. */
function oneOf(command: Command): void {
  const { url, region } = command.opts();
  if (url === undefined || region === undefined) return;
  const [ofUrl, ofRegion] = [command.getOptionValueSource('url'), command.getOptionValueSource('region')];
  if (ofUrl === ofRegion) command.error('error: --url and --region exclude each other.');
  command.setOptionValue(ofUrl === 'cli' ? 'region' : 'url', undefined);
}

/** Runs a command's work with the Region that its options name. */
export function withRegion(options: RegionOptions, work: (region: Region) => Promise<void>): Promise<void> {
  return reportingErrors(options, async () => work(await openRegion(options)));
}

/** `--wait` of a command that reads. */
export function waitOption(): Option {
  return new Option(
    '--wait <seconds>',
    `how long to wait for that version, 0 to ${MAX_CATCH_UP_S} (default: 2)`,
  ).argParser(wholeNumber(0, MAX_CATCH_UP_S));
}

/** `--type` of a command that moves home streams. */
export function typeOption(): Option {
  return new Option('--type <type>', 'only streams of this type').argParser((type: string, before?: string) => {
    if (before !== undefined)
      throw new InvalidArgumentError('Name one type, and repeat the command for another one; or leave it out for all.');
    return type;
  });
}

/** A whole number from the command line, `to` at most. */
export function wholeNumber(from: number, to = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : -1;
    if (number < from || number > to)
      throw new InvalidArgumentError(
        `Write a whole number, ${to === Number.MAX_SAFE_INTEGER ? `${from} or more` : `${from} to ${to}`}.`,
      );
    return number;
  };
}
