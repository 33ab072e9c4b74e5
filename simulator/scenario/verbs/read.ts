import {
  commitPageSchema,
  conflictPageSchema,
  healthSchema,
  listedPageSchema,
  rowPageSchema,
} from '../../../core/index.ts';
import { callRegion } from '../../../world/simulator/api.ts';
import { ScenarioError } from '../problem.ts';
import { shownCommit, shownConflict, shownListed, shownRead, shownRefusal, shownState } from '../show.ts';
import type { Stage } from '../stage.ts';
import type { Verb } from '../verb.ts';
import { shownToken } from '../versions.ts';
import { tokenIn } from './append.ts';

/** The state of a stream, now or at an earlier point. */
export const read: Verb = {
  usage:
    'read <region> <stream> [at-least=<version>] [at=<version>] [ago=<duration>] [wait=<seconds>] [as=] [ids=yes] [consistency=local]',
  parse: (args) => {
    const [region, stream] = [args.word('region'), args.word('stream')];
    const consistency = args.choice('consistency', ['local']);
    const [atLeast, at, as] = [args.option('at-least'), args.option('at'), args.option('as')];
    const [ago, wait] = [args.duration('ago'), args.number('wait')];
    const hasIds = args.choice('ids', ['yes']) === 'yes';
    return async (stage) => {
      stage.region(region);
      const headers = {
        ...(atLeast !== undefined && { 'if-at-least': stage.versions.token(stream, atLeast) }),
        ...(wait !== undefined && { prefer: `wait=${wait}` }),
      };
      const point = ago === undefined ? at && stage.versions.token(stream, at) : timeAgo(stage, ago);
      const asked = { ...(point !== undefined && { at: point }), ...(consistency && { consistency }) };
      const query = new URLSearchParams(asked).toString();
      const request = { method: 'GET', path: `/streams/${stream}`, headers, query } as const;
      const response = await callRegion(stage.world, region, request);
      if (as !== undefined) stage.versions.name(as, tokenIn(response));
      return [shownRefusal(response) ?? shownRead(response.answer, hasIds)];
    };
  },
};

/** An earlier time, by a correct clock. */
function timeAgo({ scheduler }: Stage, milliseconds: number): string {
  return new Date(scheduler.now() - milliseconds).toISOString();
}

/** The commits of a stream that a version does not cover, as a consumer follows them. */
export const follow: Verb = {
  usage: 'follow <region> <stream> [after=<version>] [as=]',
  parse: (args) => {
    const [region, stream] = [args.word('region'), args.word('stream')];
    const [after, as] = [args.option('after'), args.option('as')];
    return async (stage) => {
      stage.region(region);
      const query = after === undefined ? '' : `after=${stage.versions.token(stream, after)}`;
      const request = { method: 'GET', path: `/streams/${stream}/events`, query } as const;
      const response = await callRegion(stage.world, region, request);
      if (as !== undefined) stage.versions.name(as, tokenIn(response));
      const refusal = shownRefusal(response);
      if (refusal !== undefined) return [refusal];
      const { commits, version } = commitPageSchema.parse(response.answer);
      return [...commits.map(shownCommit), `version ${shownToken(version)}`];
    };
  },
};

/** The conflicts of a stream. */
export const conflicts: Verb = {
  usage: 'conflicts <region> <stream> [open=true|false]',
  parse: (args) => {
    const [region, stream] = [args.word('region'), args.word('stream')];
    const open = args.choice('open', ['true', 'false']);
    return async (stage) => {
      stage.region(region);
      const query = open === undefined ? '' : `open=${open}`;
      const request = { method: 'GET', path: `/streams/${stream}/conflicts`, query } as const;
      const response = await callRegion(stage.world, region, request);
      const refusal = shownRefusal(response);
      if (refusal !== undefined) return [refusal];
      const page = conflictPageSchema.parse(response.answer);
      return page.conflicts.length === 0 ? ['no conflict'] : page.conflicts.map(shownConflict);
    };
  },
};

/** The conflicts of all streams, as a Region lists them. */
export const listed: Verb = {
  usage: 'listed <region> [stream=<stream>] [type=<type>] [open=true|false]',
  parse: (args) => {
    const region = args.word('region');
    const asked = {
      ...{ stream: args.option('stream'), type: args.option('type') },
      open: args.choice('open', ['true', 'false']),
    };
    const query = Object.entries(asked).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
    return async (stage) => {
      stage.region(region);
      const request = { method: 'GET', path: '/conflicts', query: query.join('&') } as const;
      const response = await callRegion(stage.world, region, request);
      const refusal = shownRefusal(response);
      if (refusal !== undefined) return [refusal];
      const page = listedPageSchema.parse(response.answer);
      return page.conflicts.length === 0 ? ['no conflict'] : page.conflicts.map(shownListed);
    };
  },
};

/** The rows of a view, or one page of them; with versions of streams, once the view includes these. */
export const view: Verb = {
  usage: 'view <region> <view> [after=<key>] [limit=] [at-least=<stream>@<version>]… [wait=<seconds>]',
  parse: (args) => {
    const [region, name] = [args.word('region'), args.word('view')];
    const seen = args.options('at-least').map((text) => {
      const at = text.indexOf('@');
      if (at === -1) throw new ScenarioError(`at-least=${text} has no version. Write for example note/1@{east: 2}.`);
      return { stream: text.slice(0, at), version: text.slice(at + 1) };
    });
    const wait = args.number('wait');
    const page = { after: args.option('after'), limit: args.option('limit') };
    const query = Object.entries(page).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
    return async (stage) => {
      stage.region(region);
      const tokens = seen.map(({ stream, version }) => stage.versions.token(stream, version));
      const headers = {
        ...(tokens.length > 0 && { 'if-at-least': tokens.join() }),
        ...(wait !== undefined && { prefer: `wait=${wait}` }),
      };
      const request = { method: 'GET', path: `/views/${name}`, query: query.join('&'), headers } as const;
      const response = await callRegion(stage.world, region, request);
      const refusal = shownRefusal(response);
      if (refusal !== undefined) return [refusal];
      const { rows, next } = rowPageSchema.parse(response.answer);
      const lines = rows.map(({ key, value }) => `${key}: ${shownState(value)}`);
      return [...(rows.length === 0 ? ['no row'] : lines), ...(next === undefined ? [] : [`next after ${next}`])];
    };
  },
};

/** From which Regions something has arrived. */
export const health: Verb = {
  usage: 'health <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      stage.region(region);
      const { answer } = await callRegion(stage.world, region, { method: 'GET', path: '/health' });
      const { seen } = healthSchema.parse(answer);
      return Object.entries(seen).map(
        ([of, sighting]) => `${of} ${sighting ? `${Math.round(sighting.ageMs / 1000)} s ago` : 'never'}`,
      );
    };
  },
};

/** Whether a Region can serve. */
export const live: Verb = {
  usage: 'live <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      stage.region(region);
      const response = await callRegion(stage.world, region, { method: 'GET', path: '/health/live' });
      return [shownRefusal(response) ?? 'lives'];
    };
  },
};
