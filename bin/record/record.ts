import type { History, Line } from '../../checkers/history.ts';
import type { Operation } from '../../workload/operation.ts';
import { Recorder } from '../../workload/recorder.ts';
import { sendAll } from '../../workload/send-all.ts';
import { typesOf, type Workload } from '../../workload/workload.ts';
import { seeded } from '../../world/time/randomness.ts';
import { CliError } from '../client/cli-error.ts';
import type { ByName } from '../smoke/everywhere.ts';
import { type DrawOptions, drawOperations, streamsFor, type UsedStream } from './draw.ts';
import { observe } from './observe.ts';
import { inDeployment } from './surroundings.ts';

export interface RecordOptions extends Pick<DrawOptions, 'operations' | 'sessions' | 'lasts'> {
  readonly regions: ByName;
  readonly workload: Workload;
  readonly seed: number;
  /** Digits that every id of the recording contains; no other recording of this deployment may have them. */
  readonly key: string;
  /** How long the Regions may take to agree in the end. */
  readonly withinMs: number;
  /** Called when clients are about to begin, and when all operations are over. */
  readonly onStep: (step: 'begin' | 'settle', history: History) => void;
}

/** Runs clients against all Regions of a deployment. @returns what they saw, and what the Regions show in the end */
export async function record(options: RecordOptions): Promise<{ readonly history: History; readonly agree: boolean }> {
  const { workload, seed, key, withinMs, onStep, ...rest } = options;
  const names = [...options.regions.keys()];
  const streams = streamsFor(workload, names, key);
  const homes = streams.flatMap(({ name, home }): [string, string][] => (home === undefined ? [] : [[name, home]]));
  const recorder = new Recorder(() => performance.now(), {
    ...{ line: 'history', format: 1, source: 'deployment', seed },
    ...{ regions: names, types: typesOf(workload), homes: Object.fromEntries(homes) },
  });
  const clients = { workload, recorder, surroundings: inDeployment(options.regions) };
  await sendAll(firstOperations(streams, names), clients, `record-${key}-first`);
  checkFirst(recorder.history);
  onStep('begin', recorder.history);
  const operations = drawOperations(seeded(seed), { ...rest, workload, streams, regions: names });
  await sendAll(operations, clients, `record-${key}`);
  onStep('settle', recorder.history);
  const scene = { regions: options.regions, workload, recorder, streams, withinMs };
  return { agree: await observe(scene), history: recorder.history };
}

/** What every stream begins with. */
function firstOperations(streams: readonly UsedStream[], regions: readonly string[]): readonly Operation[] {
  return streams.flatMap(({ name, use, home }) =>
    use.first.map((effect): Operation => {
      const common = { at: 0, session: 'first', region: home ?? regions[0] ?? '' };
      return { ...common, kind: 'append', stream: name, effect, withVersion: false, onBus: false };
    }),
  );
}

/** @throws CliError `not-prepared` */
function checkFirst(history: readonly Line[]): void {
  for (const line of history)
    if (line.line === 'append' && line.result === 'refused')
      throw new CliError(
        'not-prepared',
        `${line.stream} cannot begin with ${JSON.stringify(line.effect)}: ${line.code}.`,
      );
}
