import { DECISIONS } from '@meridian-es/meridian/world';
import { type Command, Option } from 'commander';
import { port, regions } from '../../../bin/commands/start.ts';
import { wholeNumber } from '../../../bin/region-command.ts';
import { flightCounts } from '../demo/input.ts';

/** The limit: 200 members can make 200,000 bookings on a thousand flights. */
const MOST_BOOKINGS = 100_000;

/** `meridian start` */
export function addStart(program: Command): void {
  program
    .command('start')
    .description('run several Regions in this process on real flights, check what they show, serve their APIs')
    .addOption(new Option('--flights <count>', 'how many flights').choices(flightCounts).default('2k'))
    .addOption(
      new Option('--regions <list>', 'two to five Regions, separated by commas')
        .argParser(regions)
        .default(['us-east-1', 'us-east-2', 'us-west-2'], 'us-east-1,us-east-2,us-west-2'),
    )
    .option('--bookings <n>', 'number of bookings that members try, 0 for none', wholeNumber(0, MOST_BOOKINGS), 2000)
    .addOption(
      new Option(
        '--decisions <where>',
        'one strongly consistent table of decisions, or one table per Region (default: strong if AWS supports it in these Regions)',
      ).choices(DECISIONS),
    )
    .option('--port <port>', 'where to serve, on 127.0.0.1 only', port, 4700)
    .option('--no-latency', 'do not simulate the latency between Regions')
    .option(
      '--once',
      'exit after the checks: 0 if every Region agrees with the file, the bookings add up and the Regions agree after a cut link, 1 if not',
    )
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nWith `npm start`, options follow two hyphens: npm start -- --port 4800')
    .action(async (options) => {
      try {
        // Imported on demand, because loading the world takes longer than running another command.
        const { startWorld: start } = await import('../demo/start.ts');
        await start(options);
      } catch (error) {
        process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
        process.exit(1);
      }
    });
}
