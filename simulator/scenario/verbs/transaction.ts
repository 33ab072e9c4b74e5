import { callRegion } from '../../../world/simulator/api.ts';
import { type Arguments, durationOf } from '../arguments.ts';
import { ScenarioError } from '../problem.ts';
import { shownTransaction } from '../show.ts';
import type { Stage } from '../stage.ts';
import type { Verb } from '../verb.ts';
import { eventsOf, inputOf } from './append.ts';

/** Makes the JSON of a participant or a check: the version it expects may have a name. */
type Member = (stage: Stage) => unknown;

/** Participants, from words in threes: a stream, its command, and the input; `raw` as command takes one event instead. */
function participantsIn(args: Arguments): readonly Member[] {
  const words = args.words();
  if (words.length % 3 !== 0)
    throw new ScenarioError('A participant is three words: a stream, a command and its input.');
  return words.flatMap((stream, i) => {
    if (i % 3 !== 0) return [];
    const [command = '', input = ''] = words.slice(i + 1);
    const [event, data] = command.split(':');
    return [
      event === 'raw' && data !== undefined
        ? () => ({ stream, events: eventsOf(stream, [data, input]) })
        : () => ({ stream, command, input: inputOf(stream, input) }),
    ];
  });
}

/** Checks, from `check=account/east.ann@v1`. */
function checksIn(args: Arguments): readonly Member[] {
  return args.options('check').map((text) => {
    const [stream = '', version] = text.split('@');
    if (version === undefined)
      throw new ScenarioError(`check=${text} names no version. Write check=<stream>@<version>.`);
    return (stage) => ({ stream, expected: stage.versions.token(stream, version) });
  });
}

function secondsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationOf(text) / 1000;
}

/** A transaction. The caller waits 50 s for its outcome, or as long as it says. */
export const transact: Verb = {
  usage:
    'transact <region> <id> <stream> <command> <input> … [check=<stream>@<version>]… [timeout=30s] [wait=50s] [as=]',
  parse: (args) => {
    const [region, id, as] = [args.word('region'), args.word('id'), args.option('as')];
    const [checks, timeout, wait] = [checksIn(args), secondsOf(args.option('timeout')), secondsOf(args.option('wait'))];
    const participants = participantsIn(args);
    return async (stage) => {
      stage.region(region);
      const body = {
        id,
        participants: participants.map((member) => member(stage)),
        ...(checks.length > 0 && { checks: checks.map((member) => member(stage)) }),
        ...(timeout !== undefined && { timeoutSeconds: timeout }),
      };
      const response = await callRegion(stage.world, region, {
        method: 'POST',
        path: '/transactions',
        body,
        ...(wait !== undefined && { wait }),
      });
      if (as !== undefined) nameVersions(stage, as, response.answer);
      return shownTransaction(response);
    };
  },
};

function nameVersions(stage: Stage, name: string, answer: unknown): void {
  const participants: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'participants') : [];
  for (const participant of Array.isArray(participants) ? participants : [])
    stage.versions.name(name, String(Reflect.get(participant, 'version')));
}

/** What a Region says about a transaction. */
export const outcome: Verb = {
  usage: 'outcome <region> <id>',
  parse: (args) => {
    const [region, id] = [args.word('region'), args.word('id')];
    return async (stage) => {
      stage.region(region);
      return shownTransaction(await callRegion(stage.world, region, { method: 'GET', path: `/transactions/${id}` }));
    };
  },
};
