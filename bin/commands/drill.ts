import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { messageOf } from '../../core/facts/errors.ts';
import { joinPlacements, type Placement, parseScope } from '../../core/facts/placement.ts';
import type { Move } from '../../core/placement/moves.ts';
import { CliError } from '../client/cli-error.ts';
import type { Region } from '../client/region.ts';
import { type Measured, type Probe, Prober } from '../drill.ts';
import { sayJson, sayText } from '../output.ts';
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
import { type RegionOptions, regionCommand, streamArgument, wholeNumber, withRegion } from '../region-command.ts';
import { jsonArgument } from '../submit.ts';

/** How long a drill waits for the first command that is accepted after a move. */
const ACCEPTED_MS = 60_000;
const LOOK_MS = 100;

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
    .option('--type <type>', 'only streams of this type')
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

/** Begins to send the command, by the Region that callers reach meanwhile. @throws the error of the first one: nothing was moved */
async function probing(placements: Placements, { to }: Move, probe: Probe): Promise<Prober> {
  const region = regionNamed(placements, to);
  await region.submit({ id: crypto.randomUUID(), ...probe });
  return new Prober(region, probe);
}

interface Drilled extends Pick<DrillOptions, 'hold' | 'json'> {
  readonly prober?: Prober;
}

async function drill(placements: Placements, away: Move, { hold, json = false, prober }: Drilled): Promise<void> {
  if (!json)
    sayText(`Moving what ${away.from} writes to ${away.to}, for ${hold} s. Ctrl-C ends the wait and moves it back.`);
  const moved = await makeMove(placements, away);
  const phases = [await phaseOf({ move: 'away', regions: placements.regions, moved, prober })];
  if (!json) tell(phases);
  await waited(hold);
  const known = joinPlacements(placements.known, moved);
  const back: Placement = await movedBack({ ...placements, known }, away, moved);
  phases.push(await phaseOf({ move: 'back', regions: placements.regions, moved: back, prober }));
  await prober?.stop();
  if (json) sayJson({ phases });
  else tell(phases.slice(1));
  const failed = phases.some(
    ({ regions, probe }) =>
      regions.some(({ seconds }) => seconds === undefined) || (probe && probe.firstAccepted === undefined),
  );
  if (failed) process.exitCode = 1;
}

/** Moves back exactly what was moved. */
async function movedBack(placements: Placements, away: Move, moved: Placement): Promise<Placement> {
  let back: Placement = {};
  for (const scope of Object.keys(moved)) {
    const { home, type } = parseScope(scope);
    const move: Move = { from: away.to, to: away.from, kind: 'planned', home, ...(type !== undefined && { type }) };
    back = { ...back, ...(await makeMove({ ...placements, known: joinPlacements(placements.known, back) }, move)) };
  }
  return back;
}

/** A wait that Ctrl-C ends. */
async function waited(seconds: number): Promise<void> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  process.once('SIGINT', stop);
  await sleep(seconds * 1000, undefined, { signal: end.signal }).catch(() => undefined);
  process.removeListener('SIGINT', stop);
}

interface Begun extends Pick<Phase, 'move'> {
  readonly regions: readonly Region[];
  readonly moved: Placement;
  readonly prober: Prober | undefined;
}

/** Waits until every Region knows of a move, and a command was accepted. */
async function phaseOf({ move, regions, moved, prober }: Begun): Promise<Phase> {
  const since = performance.now();
  const known = await untilKnown(regions, moved);
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
        ? `The command was not accepted within ${ACCEPTED_MS / 1000} s.`
        : `The command was first accepted there after ${firstAccepted.toFixed(1)} s.`,
    );
    const others = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
    sayText(
      `${accepted} accepted, the longest took ${longest.toFixed(1)} s${others.length > 0 ? `; ${others.join(', ')}` : ''}.`,
    );
  }
}
