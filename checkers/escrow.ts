// A number that is never negative although every Region takes from it: each takes what its own log may take.
import type { Checker } from './evidence/evidence.ts';
import { show } from './evidence/json.ts';
import type { Stored } from './evidence/stored.ts';
import { showDot } from './evidence/version.ts';
import type { Violation } from './history.ts';
import { type Escrow, giverIn, isEscrow } from './reference/kinds.ts';

/** What was shown of streams with escrow, and who granted and moved. */
export const escrow: Checker = (evidence) => {
  const has = (stream: string): boolean => evidence.typeOf(stream)?.kind === 'escrow';
  const shown = [...evidence.lines('read'), ...evidence.lines('replica')].filter(({ stream }) => has(stream));
  return [
    ...shown.flatMap((line) => {
      const wrong = isEscrow(line.state) ? broken(line.state) : undefined;
      if (wrong === undefined) return [];
      const what = `${line.region} shows ${show(line.state)} for ${line.stream}: ${wrong}`;
      return [{ property: 'escrow', what, ops: line.line === 'read' ? [line.op] : [], streams: [line.stream] }];
    }),
    ...[...evidence.stored.values()].filter(({ stream }) => has(stream)).flatMap(givenElsewhere),
  ];
};

function broken({ value, rights }: Escrow): string | undefined {
  const held = Object.entries(rights);
  if (value < 0) return 'the value is negative';
  if (held.reduce((sum, [, amount]) => sum + amount, 0) !== value) return 'what the logs may take is not the value';
  const [log] = held.find(([, amount]) => amount < 0) ?? [];
  return log === undefined ? undefined : `the log ${log} has taken more than it might`;
}

/** A retry of a grant or a move must not be decided twice, so the Region that it names decides. */
function givenElsewhere({ stream, visible }: Stored): readonly Violation[] {
  return visible.flatMap((commit) =>
    commit.events.flatMap(({ effect }) => {
      const giver = giverIn(effect) ?? commit.region;
      if (giver === commit.region) return [];
      const what = `${commit.region} has written ${showDot(commit)} of ${stream}, which ${giver} has to give`;
      return [{ property: 'escrow', what, ops: [], streams: [stream] }];
    }),
  );
}
