import type { Decision } from '../../../core/index.ts';
import type { WorldRegion } from '../../../world/region/region.ts';
import { ScenarioError } from '../problem.ts';
import { shownCommit, shownProblem, shownValue } from '../show.ts';
import { silently, type Verb } from '../verb.ts';

/** Every commit of a stream in a Region's table, hidden ones and open intents too. */
export const commits: Verb = {
  usage: 'commits <region> <stream>',
  parse: (args) => {
    const [region, stream] = [args.word('region'), args.word('stream')];
    return async (stage) => {
      const found = await stage.region(region).load(stream);
      const inOrder = found.toSorted((a, b) => (a.log === b.log ? a.position - b.position : a.log < b.log ? -1 : 1));
      return inOrder.length === 0 ? ['none'] : inOrder.map(shownCommit);
    };
  },
};

/** The decisions on a transaction that a Region's tables hold. */
export const decisions: Verb = {
  usage: 'decisions <region> <id>',
  parse: (args) => {
    const [region, id] = [args.word('region'), args.word('id')];
    return async (stage) => {
      const oneRegion = await stage.region(region).oneRegionDecision(id);
      const found = [...(oneRegion ? [oneRegion] : []), ...(await stage.region(region).attempts(id))];
      return found.length === 0 ? ['none'] : found.map(shownDecision);
    };
  },
};

function shownDecision({ attempt, state, final, region, reason }: Decision): string {
  const what = attempt === 0 ? 'promised' : `${state}${final ? '' : ', another attempt may follow'}`;
  const why = reason ? `: ${shownProblem(reason.problem)}` : '';
  return `attempt ${attempt} ${what}, by ${region}${why}`;
}

/** What a Region has written since the last time: the cost of what happened there. */
export const writes: Verb = {
  usage: 'writes <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      const { written, marked, finalised, decided, oneRegionDecisions } = stage.region(region).counts;
      const now = {
        commits: written,
        marks: marked,
        final: finalised,
        decisions: decided,
        outcomes: oneRegionDecisions,
      };
      const before = stage.writes.get(region) ?? {};
      stage.writes.set(region, now);
      const since = Object.entries(now).map(([what, count]) => [what, count - (before[what] ?? 0)] as const);
      const lines = since.flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
      return [lines.length === 0 ? 'nothing' : lines.join(', ')];
    };
  },
};

/** Whether the functions of a Region have reported a metric above 0. How often they do depends on how often they look. */
export const metric: Verb = {
  usage: 'metric <region> <name>',
  parse: (args) => {
    const [region, name] = [args.word('region'), args.word('name')];
    return async (stage) => [stage.region(region).counts.metrics.get(name) ? 'reported' : 'not reported'];
  },
};

function deadLettersIn(region: WorldRegion, of: string): readonly string[] {
  if (of === 'projection') return region.projectionDeadLetters.bodies;
  if (of === 'resolver') return region.resolverDeadLetters.bodies;
  return region.deadLettersOf(of).bodies;
}

/** How many messages a dead-letter queue of a Region holds. */
export const deadLetters: Verb = {
  usage: 'dead-letters <region> projection|resolver|<subscriber>',
  parse: (args) => {
    const [region, of] = [args.word('region'), args.word('queue')];
    return async (stage) => [`${deadLettersIn(stage.region(region), of).length}`];
  },
};

/** How many records a Region's `relay` has given up: they are stored, and not published. */
export const unpublished: Verb = {
  usage: 'unpublished <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      const { streams } = stage.region(region);
      return [String(streams.reduce((sum, { failures }) => sum + failures.length, 0))];
    };
  },
};

/** What a subscriber has added up in a Region. */
export const sums: Verb = {
  usage: 'sums <region> <subscriber>',
  parse: (args) => {
    const [region, name] = [args.word('region'), args.word('subscriber')];
    return async (stage) => {
      const found = [...stage.region(region).sumsOf(name)].sort(([a], [b]) => (a < b ? -1 : 1));
      return found.length === 0 ? ['none'] : found.map(([key, added]) => `${key}: ${shownValue(added)}`);
    };
  },
};

/** What a subscriber's function was called with since the last time, in the order of the calls. */
export const calls: Verb = {
  usage: 'calls <subscriber> [in=<region>]',
  parse: (args) => {
    const [name, only] = [args.word('subscriber'), args.option('in')];
    return async (stage) => {
      const made = stage
        .subscriber(name)
        .calls()
        .filter(({ region }) => only === undefined || region === only);
      const lines = made.map(({ region, key, event: { id, schemaVersion, data } }) => {
        const number = stage.keys.get(key) ?? stage.keys.size + 1;
        stage.keys.set(key, number);
        return `${region} ${id} ${shownValue(data)}${schemaVersion === 1 ? '' : `-${schemaVersion}`} key ${number}`;
      });
      return lines.length === 0 ? ['none'] : withoutRepeats(lines);
    };
  },
};

/** Lines that follow each other and are the same, as one. */
function withoutRepeats(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line, i) => {
    if (line === lines[i - 1]) return [];
    const next = lines.findIndex((other, at) => at > i && other !== line);
    const count = (next === -1 ? lines.length : next) - i;
    return [count === 1 ? line : `${line} ${count} times`];
  });
}

/** Breaks a subscriber's function, or fixes it. */
export const subscriber: Verb = {
  usage: 'subscriber <name> fails-on <text> | subscriber <name> is-fixed',
  parse: (args) => {
    const [name, what] = [args.word('name'), args.oneOf('what', ['fails-on', 'is-fixed'])];
    const text = what === 'fails-on' ? args.word('text') : undefined;
    return silently((stage) => {
      stage.subscriber(name).failsOn = text;
    });
  },
};

/** Sends the messages in a subscriber's dead-letter queue to its bus again. */
export const redriveSubscriber: Verb = {
  usage: 'redrive-subscriber <region> <name>',
  parse: (args) => {
    const [region, name] = [args.word('region'), args.word('name')];
    return silently(async (stage) => {
      const here = stage.region(region);
      for (const body of here.deadLettersOf(name).bodies.splice(0)) {
        const { source, 'detail-type': detailType, detail } = JSON.parse(body);
        if (typeof source !== 'string' || typeof detailType !== 'string')
          throw new ScenarioError(`Not an event: ${body}`);
        await here.bus.put([{ source, detailType, detail: JSON.stringify(detail) }]);
      }
    });
  },
};
