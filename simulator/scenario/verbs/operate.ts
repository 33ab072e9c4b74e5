import { isComplete, keyOf } from '../../../core/facts/placement.ts';
import { type ActionInput, type ActionResult, type OperatorAction, operatorActions } from '../../../core/index.ts';
import { durationOf } from '../arguments.ts';
import { ScenarioError } from '../problem.ts';
import { shownProblem } from '../show.ts';
import type { Stage } from '../stage.ts';
import type { Verb } from '../verb.ts';

/** The result of an operator's action, or the problem as a line. */
async function operated<Name extends OperatorAction>(
  stage: Stage,
  region: string,
  action: Name,
  input: ActionInput<Name>,
): Promise<ActionResult<Name> | string> {
  const answer = await stage.region(region).operate(action, input);
  if ('problem' in answer) return `${shownProblem(answer.problem)}: ${answer.problem.detail}`;
  return operatorActions[action].result.parse(answer.result);
}

/** Rebuilds a view from its Region's table, in one segment; with `steps=0` it is only started. */
export const rebuild: Verb = {
  usage: 'rebuild <region> <view> [steps=]',
  parse: (args) => {
    const [region, view, steps = Number.POSITIVE_INFINITY] = [
      args.word('region'),
      args.word('view'),
      args.number('steps'),
    ];
    return async (stage) => {
      let status = await operated(stage, region, 'rebuild-begin', { view, segments: 1 });
      for (let step = 0; step < steps && typeof status !== 'string' && !status.done; step++)
        status = await operated(stage, region, 'rebuild-step', { view, build: status.build, segment: 0 });
      return [shownStatus(status)];
    };
  },
};

function shownStatus(status: ActionResult<'rebuild-status'> | string): string {
  if (typeof status === 'string') return status;
  const { done, streams, active, retired } = status;
  return [
    done ? 'done' : `in progress, ${streams} streams`,
    `reads use code ${active.codeVersion}${active.behind ? ', which is behind' : ''}`,
    ...(retired.length > 0 ? [`old rows of ${retired.length} kept`] : []),
  ].join('; ');
}

/** How far the rebuild of a view is; `clean` deletes old rows that may be deleted. */
export const views: Verb = {
  usage: 'views <region> status|clean <view>',
  parse: (args) => {
    const [region, what, view] = [args.word('region'), args.oneOf('what', ['status', 'clean']), args.word('view')];
    return async (stage) => [shownStatus(await operated(stage, region, `rebuild-${what}`, { view }))];
  },
};

/** Publishes again what a Region wrote, from its table; with `of` what another one wrote that is lost. */
export const republish: Verb = {
  usage: 'republish <region> since=<duration ago> [of=<region>]',
  parse: (args) => {
    const [region, since, of] = [args.word('region'), args.option('since'), args.option('of')];
    if (since === undefined) throw new ScenarioError('since= is missing.');
    const ago = durationOf(since);
    return async (stage) => {
      const from = new Date(stage.scheduler.now() - ago).toISOString();
      const sum = { published: 0, scheduled: 0, failed: 0, refused: 0 };
      // A step that failed returns the same cursor: an operator repeats it later.
      for (let cursor: string | undefined; sum.failed === 0; ) {
        const request = { since: from, segment: 0, segments: 1, cursor, of };
        const step = await operated(stage, region, 'republish-step', request);
        if (typeof step === 'string') return [shownSum(sum), step];
        sum.published += step.published;
        sum.scheduled += step.scheduled ?? 0;
        sum.failed += step.failed;
        sum.refused += step.refused ?? 0;
        cursor = step.cursor;
        if (cursor === undefined) break;
      }
      return [shownSum(sum)];
    };
  },
};

function shownSum(sum: Readonly<Record<'published' | 'scheduled' | 'failed' | 'refused', number>>): string {
  const { published, scheduled, failed, refused } = sum;
  return `${published} published, ${scheduled} checks scheduled, ${failed} failed, ${refused} refused`;
}

/** The messages in a Region's quarantine. */
export const quarantine: Verb = {
  usage: 'quarantine <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      const list = await operated(stage, region, 'quarantine-list', {});
      if (typeof list === 'string') return [list];
      const lines = list.messages.map(
        ({ envelopeId, stream, reason }) => `${envelopeId ?? '(no id)'} ${stream ?? '(no stream)'}: ${reason}`,
      );
      return lines.length === 0 ? ['empty'] : lines;
    };
  },
};

/** Sends the messages in a Region's quarantine again. */
export const redrive: Verb = {
  usage: 'redrive <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      const result = await operated(stage, region, 'quarantine-redrive', {});
      if (typeof result === 'string') return [result];
      return [`${result.redriven.length} redriven, ${result.kept} kept, ${result.failed.length} failed`];
    };
  },
};

/** Moves the home streams that a Region writes to another one; `forced=true` without it. */
export const move: Verb = {
  usage: 'move <region> <to> [forced=true] [type=<type>]',
  parse: (args) => {
    const [from, to, forced] = [args.word('region'), args.word('to'), args.option('forced') === 'true'];
    const type = args.option('type');
    return async (stage) => {
      const by = forced ? to : from;
      const shown = await operated(stage, by, 'placement', {});
      if (typeof shown === 'string') return [shown];
      const kind = forced ? 'forced' : 'planned';
      const asked = { from, to, type, kind, known: shown.placement, acceptLossWindow: forced } as const;
      const result = await operated(stage, by, 'move', asked);
      if (typeof result === 'string') return [result];
      return Object.entries(result.moved).map(([scope, { acting, lost }]) =>
        [`${scope}: written by ${acting}`, ...(lost.length > 0 ? [`without ${lost.join(', ')}`] : [])].join(', '),
      );
    };
  },
};

/** Moves the home of one stream, as a Region is asked; `home` is the one by its id. */
export const pin: Verb = {
  usage: 'pin <region> <stream> <to>|home',
  parse: (args) => {
    const [region, stream, to] = [args.word('region'), args.word('stream'), args.word('to')];
    return async (stage) => {
      const result = await operated(stage, region, 'move-stream', { stream, ...(to !== 'home' && { to }) });
      if (typeof result === 'string') return [result];
      const { moved, home, writtenIn, willBeWrittenIn } = result;
      const place = willBeWrittenIn === home ? '' : `, written by ${willBeWrittenIn}`;
      return [`${moved ? `written by ${writtenIn}, now` : 'already'} at home in ${home}${place}`];
    };
  },
};

/** Ends the moves to a Region; `compared=true` once nothing is missing there. */
export const complete: Verb = {
  usage: 'complete <region> [compared=true]',
  parse: (args) => {
    const [region, compared] = [args.word('region'), args.option('compared') === 'true'];
    return async (stage) => {
      const before = await operated(stage, region, 'placement', {});
      if (typeof before === 'string') return [before];
      const moves = Object.entries(before.placement).filter(([, { acting }]) => acting === region);
      const entries = Object.fromEntries(moves.map(([scope, entry]) => [scope, keyOf(entry)]));
      const result = await operated(stage, region, 'complete', { entries, compared });
      if (typeof result === 'string') return [result];
      return moves.map(([scope]) => {
        const entry = result.placement[scope];
        if (entry && isComplete(entry)) return `${scope}: complete`;
        return `${scope}: not complete, ${result.waitMs / 1000} s to wait`;
      });
    };
  },
};

/** Compares what the Regions have of a stream, and its rows with it, without a grace period: the same letter is the same content. */
export const compare: Verb = {
  usage: 'compare <stream>',
  parse: (args) => {
    const stream = args.word('stream');
    return async (stage) => {
      const until = new Date(stage.scheduler.now()).toISOString();
      const hashes: string[] = [];
      const lines: string[] = [];
      for (const region of stage.world.regions.keys()) {
        const result = await operated(stage, region, 'verify-streams', { until, streams: [stream] });
        if (typeof result === 'string') return [result];
        const { streams, findings } = result;
        for (const { commits, hash } of streams) {
          if (!hashes.includes(hash)) hashes.push(hash);
          const content = String.fromCharCode('A'.charCodeAt(0) + hashes.indexOf(hash));
          const wrong = findings.map((finding) =>
            'view' in finding ? `${finding.kind} in ${finding.view}` : finding.kind,
          );
          lines.push(`${region}: content ${content}, ${[`${commits} commits`, ...wrong].join(', ')}`);
        }
      }
      return lines;
    };
  },
};
