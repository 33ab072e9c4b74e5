import type { ApiAnswer, ApiRequest } from '../../../world/simulator/api.ts';
import { callRegion } from '../../../world/simulator/api.ts';
import { type Arguments, jsonOf } from '../arguments.ts';
import { ScenarioError } from '../problem.ts';
import { shownAppend, shownRefusal } from '../show.ts';
import type { Stage } from '../stage.ts';
import type { Action, Verb } from '../verb.ts';

/** The type of a stream. */
function typeOf(stream: string): string {
  return stream.slice(0, stream.indexOf('/'));
}

/** The input of a command: JSON, or for the toy's streams the one word that it consists of. */
export function inputOf(stream: string, text: string): unknown {
  const input = jsonOf(text);
  if (typeof input !== 'string') return input;
  switch (typeOf(stream)) {
    case 'note':
      return { text: input };
    case 'account':
    case 'till':
      return { amount: Number(input) };
    default:
      return input;
  }
}

/** The data of an event: JSON, or for the toy's streams the one word that it consists of. */
function dataOf(stream: string, text: string): unknown {
  const data = inputOf(stream, text);
  return typeof data === 'string' ? { by: data } : data;
}

/** Events as they are sent, from words in pairs: `Noted red Noted blue`. @throws ScenarioError */
export function eventsOf(stream: string, words: readonly string[], schemaVersion?: number) {
  if (words.length === 0 || words.length % 2 === 1)
    throw new ScenarioError('Events are pairs of a type and its data: Noted red Noted blue.');
  return words.flatMap((type, i) =>
    i % 2 === 1
      ? []
      : [{ type, data: dataOf(stream, words[i + 1] ?? ''), ...(schemaVersion !== undefined && { schemaVersion }) }],
  );
}

/** `expected=v1` or `based-on=v1`: how the API calls it, and the version. */
interface Condition {
  readonly member: 'expected' | 'basedOn';
  readonly version: string;
}

function conditionIn(args: Arguments): Condition | undefined {
  const expected = args.option('expected');
  const basedOn = args.option('based-on');
  if (expected !== undefined && basedOn !== undefined)
    throw new ScenarioError('Give expected= or based-on=, not both.');
  if (expected !== undefined) return { member: 'expected', version: expected };
  return basedOn === undefined ? undefined : { member: 'basedOn', version: basedOn };
}

/** Sends a request that appends, and shows the result; `as` gets the version, or the one that a refusal names. */
async function sent(
  stage: Stage,
  region: string,
  request: ApiRequest,
  as: string | undefined,
): Promise<readonly string[]> {
  stage.region(region);
  const response = await callRegion(stage.world, region, request);
  if (as !== undefined) stage.versions.name(as, tokenIn(response));
  return [shownRefusal(response) ?? shownAppend(response.answer)];
}

/** The version that a response names: the current one, or what a refusal says that it is. @throws ScenarioError */
export function tokenIn({ answer }: ApiAnswer): string {
  const members = typeof answer === 'object' && answer !== null ? answer : {};
  for (const name of ['version', 'actual', 'seen']) {
    const token: unknown = Reflect.get(members, name);
    if (typeof token === 'string') return token;
  }
  throw new ScenarioError('This response has no version to name.');
}

/** A command, decided by the domain. */
export const append: Verb = {
  usage: 'append <region> <stream> <command> <input> [id=] [expected=|based-on=<version>] [as=]',
  parse: (args): Action => {
    const [region, stream, command] = [args.word('region'), args.word('stream'), args.word('command')];
    const body = inputOf(stream, args.word('input'));
    const [id, as, condition] = [args.option('id'), args.option('as'), conditionIn(args)];
    return (stage) => {
      const headers = condition && { 'if-match': stage.versions.token(stream, condition.version) };
      const path = `/streams/${stream}/commands/${command}`;
      return sent(stage, region, { method: 'POST', path, body, id, ...(headers && { headers }) }, as);
    };
  },
};

/** Raw events, which the domain does not decide. */
export const events: Verb = {
  usage:
    'events <region> <stream> <type> <data> [<type> <data>]… [id=] [version=] [expected=|based-on=<version>] [as=]',
  parse: (args): Action => {
    const [region, stream, version] = [args.word('region'), args.word('stream'), args.number('version')];
    const list = eventsOf(stream, args.words(), version);
    const [id, as, condition] = [args.option('id'), args.option('as'), conditionIn(args)];
    return (stage) => {
      const on = condition && { [condition.member]: stage.versions.token(stream, condition.version) };
      const body = { stream, events: list, ...(id !== undefined && { id }), ...on };
      return sent(stage, region, { method: 'POST', path: '/events', body }, as);
    };
  },
};
