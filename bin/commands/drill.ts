import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { messageOf } from '../../core/facts/errors.ts';
import { joinPlacements, type Placement, parseScope } from '../../core/facts/placement.ts';
import type { Move } from '../../core/placement/moves.ts';
import { CliError } from '../client/cli-error.ts';
import { textOf } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import { type Measured, type Probe, Prober } from '../drill.ts';
import { sayJson, sayNote, sayText } from '../output.ts';
import {
  checkMoves,
  type Known,
  makeMove,
  type Placements,
  readPlacements,
  regionNamed,
  sayKnown,
  untilKnown,
} from '../placement.ts';
import {
  type RegionOptions,
  regionCommand,
  streamArgument,
  typeOption,
  wholeNumber,
  withRegion,
} from '../region-command.ts';
import { jsonArgument } from '../submit.ts';

/** How long a drill waits for the first command that is accepted after a move. */
const ACCEPTED_MS = 60_000;
const LOOK_MS = 100;
const DAY_MS = 24 * 3_600_000;

interface DrillOptions extends RegionOptions {
  readonly to: string;
  readonly type?: string;
  readonly hold: number;
  readonly probe?: string;
  readonly command?: string;
  readonly input?: string;
}

/** One of the two moves of a drill. */
interface Phase {
  readonly move: 'away' | 'back';
  readonly regions: readonly Known[];
  /** Without a probe it is not known. */
  readonly probe?: Measured;
}

/** `meridian drill` */
export function addDrill(program: Command): void {
  const command = regionCommand(
    program,
    'drill <from>',
    'move home streams to another Region, measure, and move them back',
  )
    .requiredOption('--to <region>', 'the Region that is to write them meanwhile')
    .addOption(typeOption())
    .option('--hold <seconds>', 'how long they stay there', wholeNumber(0), 10)
    .option(
      '--probe <stream>',
      'a home stream on which a command is run all the time, to see when it is accepted',
      streamArgument,
    )
    .option('--command <name>', 'the command: choose one that does no harm')
    .option('--input <json>', 'its input');
  command.action(async (from: string, options: DrillOptions) => {
    const { probe: stream, command: name, input } = options;
    if ((stream === undefined) !== (name === undefined))
      command.error('error: --probe and --command need each other: the stream, and what is run on it.');
    const parsed = await jsonArgument(input ?? 'null').catch((error: unknown) =>
      command.error(`error: The input is not JSON: ${messageOf(error)}`),
    );
    const probe = stream !== undefined &&
      name !== undefined && { stream, command: name, ...(input !== undefined && { input: parsed }) };
    await withRegion(options, async (first) => {
      const placements = await readPlacements(first);
      const away: Move = {
        from,
        to: options.to,
        kind: 'planned',
        ...(options.type !== undefined && { type: options.type }),
      };
      checkMoves(placements, [away]);
      checkAtHome(placements, away);
      checkResponding(placements);
      await drill(placements, away, { ...options, ...(probe && { prober: await probing(placements, away, probe) }) });
    });
  });
}

/** @throws CliError when some of the streams are written in the place of their home: they would look like those that it moves */
function checkAtHome({ known }: Placements, { from, to }: Move): void {
  const isAway = Object.entries(known).some(
    ([scope, { acting }]) =>
      acting !== parseScope(scope).home &&
      [acting, parseScope(scope).home].some((each) => each === from || each === to),
  );
  if (isAway)
    throw new CliError(
      'not-at-home',
      `Streams of ${from} or ${to} are written in the place of their home, or by them for others. Bring them home first: meridian placement, meridian failback.`,
    );
}

/** @throws CliError when a Region does not respond: the streams could not be moved back, or it would not learn of it */
function checkResponding({ answers }: Placements): void {
  for (const [region, answer] of answers)
    if (typeof answer === 'string')
      throw new CliError('region-unreachable', `A drill needs every Region, and ${region} does not respond: ${answer}`);
}

/**
 * Begins to send the command, by the Region that callers reach meanwhile.
 * @throws the error of the first one; CliError: it says nothing about this move. Nothing was moved
 */
async function probing(placements: Placements, { from, to, type }: Move, probe: Probe): Promise<Prober> {
  if (type !== undefined && !probe.stream.startsWith(`${type}/`))
    throw new CliError('no-probe', `${probe.stream} is not a stream of the type ${type}, which the drill moves.`);
  const region = regionNamed(placements, to);
  const { log, position } = await region.submit({ id: crypto.randomUUID(), ...probe });
  if (log === undefined || position === undefined)
    throw new CliError(
      'no-probe',
      `${probe.command} wrote nothing to ${probe.stream}: a probe has to write each time.`,
    );
  const place = { stream: probe.stream, log, after: position - 1, until: new Date(Date.now() + DAY_MS).toISOString() };
  const { commits } = await regionNamed(placements, from).operate('verify-commits', place);
  if (commits[0]?.region !== from)
    throw new CliError(
      'no-probe',
      `${probe.stream} is not written in ${from}: choose a home stream that the drill moves.`,
    );
  return new Prober(region, probe, log);
}

interface Drilled extends Pick<DrillOptions, 'hold' | 'json'> {
  readonly prober?: Prober;
}

async function drill(placements: Placements, away: Move, { hold, json = false, prober }: Drilled): Promise<void> {
  if (!json)
    sayText(`Moving what ${away.from} writes to ${away.to}, for ${hold} s. Ctrl-C ends the wait and moves it back.`);
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.on('SIGINT', interrupt);
  try {
    const begun = { regions: placements.regions, prober };
    const moved = makeMove(placements, away);
    const phases = [await phaseOf({ ...begun, move: 'away', moved })];
    if (!json) tell(phases);
    await sleep(hold * 1000, undefined, { signal: interrupted.signal }).catch(() => undefined);
    const back = movedBack(placements, away, await moved);
    phases.push(await phaseOf({ ...begun, move: 'back', moved: back }));
    if (json) sayJson({ phases });
    else {
      tell(phases.slice(1));
      sayNote('Both moves can be completed: meridian complete, now and again in 17 minutes.');
    }
    if (phases.some(hasFailed)) process.exitCode = 1;
  } finally {
    process.removeListener('SIGINT', interrupt);
    await prober?.stop();
  }
}

function hasFailed({ regions, probe }: Phase): boolean {
  return (
    regions.some(({ seconds }) => seconds === undefined) || (probe !== undefined && probe.firstAccepted === undefined)
  );
}

/** Moves back exactly what was moved. @throws CliError: it is still away */
async function movedBack(placements: Placements, away: Move, moved: Placement): Promise<Placement> {
  let back: Placement = {};
  try {
    for (const scope of Object.keys(moved)) {
      // A move of a home takes along the types of it.
      if (back[scope]) continue;
      const { home, type } = parseScope(scope);
      const move: Move = { from: away.to, to: away.from, kind: 'planned', home, ...(type !== undefined && { type }) };
      const known = [placements.known, moved, back].reduce(joinPlacements);
      back = { ...back, ...(await makeMove({ ...placements, known }, move)) };
    }
    return back;
  } catch (error) {
    throw new CliError(
      'still-away',
      `Streams are still written in ${away.to}, because the move back failed: ${textOf(error)} Bring them home: meridian failback ${away.from}.`,
    );
  }
}

interface Begun extends Pick<Phase, 'move'> {
  readonly regions: readonly Region[];
  readonly moved: Promise<Placement>;
  readonly prober: Prober | undefined;
}

/** Waits until every Region knows of a move, and a command was accepted. */
async function phaseOf({ move, regions, moved, prober }: Begun): Promise<Phase> {
  const since = performance.now();
  const known = await untilKnown(regions, await moved);
  if (!prober) return { move, regions: known };
  while (!prober.hasMoved(since) && performance.now() - since < ACCEPTED_MS) await sleep(LOOK_MS);
  return { move, regions: known, probe: prober.measured(since) };
}

function tell(phases: readonly Phase[]): void {
  for (const { move, regions, probe } of phases) {
    sayText(move === 'away' ? 'Away:' : 'Back:');
    sayKnown(regions);
    if (!probe) continue;
    const { firstAccepted, longest, accepted, refused } = probe;
    sayText(
      firstAccepted === undefined
        ? `The command was not accepted there within ${ACCEPTED_MS / 1000} s.`
        : `The command was first accepted there after ${firstAccepted.toFixed(1)} s.`,
    );
    const others = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
    sayText(
      `${accepted} accepted, the longest took ${longest.toFixed(1)} s${others.length > 0 ? `; ${others.join(', ')}` : ''}.`,
    );
  }
}
