import { DECISIONS } from '../../../core/names.ts';
import { type Arguments, durationOf } from '../arguments.ts';
import { CODE_NAMES, type CodeName } from '../codes.ts';
import { ScenarioError } from '../problem.ts';
import { REGIONS } from '../regions.ts';
import type { Stage } from '../stage.ts';
import { NoteSubscriber, SUBSCRIBER_NAMES } from '../subscribers.ts';
import { silently, type Verb } from '../verb.ts';

/** The values of `name=a:x,b:y`, by what is before the colon. */
function pairsIn(args: Arguments, name: string): ReadonlyMap<string, string> {
  const pairs = args.option(name)?.split(',') ?? [];
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf(':');
      if (at === -1) throw new ScenarioError(`${name}=${pair} is not <region>:<value>.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** The name of a code. @throws ScenarioError */
function codeNamed(text: string): CodeName {
  const found = CODE_NAMES.find((name) => name === text);
  if (!found) throw new ScenarioError(`There is no code ${text}. Codes: ${CODE_NAMES.join(', ')}.`);
  return found;
}

/** The subscribers of `subscribers=counter,mailer@east`, each in every Region or in one. */
function subscribersIn(args: Arguments): ReadonlyMap<string, NoteSubscriber> {
  const names = args.option('subscribers')?.split(',') ?? [];
  return new Map(
    names.map((text) => {
      const [given, region] = text.split('@');
      const name = SUBSCRIBER_NAMES.find((each) => each === given);
      if (!name)
        throw new ScenarioError(`There is no subscriber ${given}. Subscribers: ${SUBSCRIBER_NAMES.join(', ')}.`);
      return [name, new NoteSubscriber(name, region)];
    }),
  );
}

/** Opens the world: by default the three Regions, strong decisions, and the toy domain. */
export const world: Verb = {
  usage:
    'world [regions=] [decisions=strong|eventual] [code=] [codes=<region>:<code>,…] [ahead=<region>:<duration>,…] [duplicates=0.5] [reorders=yes] [subscribers=<name>[@<region>],…] [relay-pause=1m]',
  parse: (args) => {
    const regions = args.option('regions')?.split(',') ?? Object.values(REGIONS);
    const [common, codes] = [codeNamed(args.option('code') ?? 'toy'), pairsIn(args, 'codes')];
    const ahead = [...pairsIn(args, 'ahead')].map(([region, text]) => [region, durationOf(text)] as const);
    // Hours of attempts take long to play if there is one every second.
    const pauseMs = args.duration('relay-pause');
    const setting = {
      regions,
      decisions: args.choice('decisions', DECISIONS),
      duplicates: args.number('duplicates') ?? 0,
      reorders: args.choice('reorders', ['yes']) === 'yes',
      clockAhead: Object.fromEntries(ahead),
      code: new Map(regions.map((region) => [region, codeNamed(codes.get(region) ?? common)])),
      subscribers: subscribersIn(args),
      functions: pauseMs === undefined ? {} : { relay: { stream: { pauseMs } } },
    } as const;
    return silently((stage) => stage.open(setting));
  },
};

/** Ends the world, and starts it again from what its tables keep, with the same Regions or with others. */
export const restart: Verb = {
  usage: 'restart [regions=] [without-events-of=<region>]',
  parse: (args) => {
    const [regions, without] = [args.option('regions')?.split(','), args.option('without-events-of')];
    return silently((stage) => stage.restart(regions, without));
  },
};

function codeFor(stage: Stage, where: string, code: CodeName): void {
  for (const region of where === 'everywhere' ? stage.regions : [where]) stage.rollOut(region, code);
}

/** Replaces the code of a Region, or of every Region, at once: all processes are new. */
export const deploy: Verb = {
  usage: 'deploy <region>|everywhere <code>',
  parse: (args) => {
    const [where, code] = [args.word('region'), codeNamed(args.word('code'))];
    return silently((stage) => {
      codeFor(stage, where, code);
      for (const region of where === 'everywhere' ? stage.regions : [where]) stage.region(region).restart();
    });
  },
};

/** Replaces the code of a Region, or of every Region, within a minute: until then some processes run the earlier code. */
export const rollOut: Verb = {
  usage: 'roll-out <region>|everywhere <code>',
  parse: (args) => {
    const [where, code] = [args.word('region'), codeNamed(args.word('code'))];
    return silently((stage) => codeFor(stage, where, code));
  },
};
