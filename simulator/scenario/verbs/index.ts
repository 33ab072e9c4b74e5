import { Arguments } from '../arguments.ts';
import { ScenarioError } from '../problem.ts';
import { type Action, silently, type Verb } from '../verb.ts';
import { append, events } from './append.ts';
import { bus, forge, put, receipts } from './bus.ts';
import { cutBefore, fault, kill, noFaults, weather } from './faults.ts';
import { cut, cutOneWay, heal } from './links.ts';
import {
  calls,
  commits,
  deadLetters,
  decisions,
  metric,
  redriveSubscriber,
  subscriber,
  sums,
  unpublished,
  writes,
} from './look.ts';
import { compare, complete, move, pin, quarantine, rebuild, redrive, republish, views } from './operate.ts';
import { conflicts, follow, health, listed, live, read, view } from './read.ts';
import { clock, endProcesses, lose } from './region.ts';
import { recover, run, settle } from './time.ts';
import { outcome, transact } from './transaction.ts';
import { deploy, restart, rollOut, world } from './world.ts';

/** Verbs that send a request. Their actions do not advance time: that does who waits for the response. */
const requests: ReadonlyMap<string, Verb> = new Map(
  Object.entries({
    ...{ append, events, read, follow, conflicts, listed, view, health, live, transact, outcome },
    ...{ rebuild, views, republish, quarantine, redrive, move, pin, complete, compare },
  }),
);

/** From this many milliseconds on, how long a request took is shown. */
const SHOWN_MS = 1000;

function withTime(lines: readonly string[], milliseconds: number): readonly string[] {
  if (milliseconds < SHOWN_MS) return lines;
  const [first = '', ...more] = lines;
  return [`${first} (after ${Math.round(milliseconds / 1000)} s)`, ...more];
}

/** A request that is waited for. */
function waitedFor(action: Action): Action {
  return async (stage) => {
    const sentAt = stage.scheduler.now();
    const lines = await stage.scheduler.resolve(action(stage));
    return withTime(lines, stage.scheduler.now() - sentAt);
  };
}

/** Sends a request without waiting for its response. */
const send: Verb = {
  usage: 'send <name> <a request>',
  parse: (args) => {
    const [name, verb] = [args.word('name'), args.word('request')];
    const request = requests.get(verb);
    if (!request) throw new ScenarioError(`${verb} is not a request. Requests: ${[...requests.keys()].join(', ')}.`);
    const action = request.parse(args);
    return silently((stage) => {
      if (stage.sent.has(name)) throw new ScenarioError(`${name} was sent already.`);
      const sentAt = stage.scheduler.now();
      const lines = action(stage).then((shown) => withTime(shown, stage.scheduler.now() - sentAt));
      lines.catch(() => undefined);
      stage.sent.set(name, { lines });
    });
  },
};

/** Waits for the response to a request that was sent. */
const answer: Verb = {
  usage: 'answer <name>',
  parse: (args) => {
    const name = args.word('name');
    return async (stage) => {
      const sent = stage.sent.get(name);
      if (!sent) throw new ScenarioError(`${name} was not sent.`);
      stage.sent.delete(name);
      return stage.scheduler.resolve(sent.lines);
    };
  },
};

const others: ReadonlyMap<string, Verb> = new Map(
  Object.entries({
    ...{ world, restart, deploy, cut, heal, run, settle, recover, send, answer },
    ...{ put, forge, bus, receipts, commits, decisions, metric, writes, unpublished, sums, calls, subscriber },
    ...{ fault, weather, kill, clock, lose },
    'roll-out': rollOut,
    'end-processes': endProcesses,
    'cut-one-way': cutOneWay,
    'cut-before': cutBefore,
    'no-faults': noFaults,
    'dead-letters': deadLetters,
    'redrive-subscriber': redriveSubscriber,
  }),
);

/** The names of all verbs. */
export const verbNames: readonly string[] = [...requests.keys(), ...others.keys()];

/** What a command does. @throws ScenarioError when its verb is unknown, or an argument is wrong */
export function actionOf([name = '', ...words]: readonly string[]): Action {
  const request = requests.get(name);
  const verb = request ?? others.get(name);
  if (!verb) throw new ScenarioError(`There is no verb ${name}. Verbs: ${verbNames.join(', ')}.`);
  const args = new Arguments(words);
  try {
    const action = verb.parse(args);
    args.end();
    return request ? waitedFor(action) : action;
  } catch (error) {
    if (error instanceof ScenarioError)
      throw new ScenarioError(`${error.message} Usage: ${verb.usage}`, { cause: error });
    throw error;
  }
}
