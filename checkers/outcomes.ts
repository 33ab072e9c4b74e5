// The outcome of a transaction never changes, and a promised one comes.
import type { Checker } from './evidence/evidence.ts';
import type { Transaction } from './evidence/requests.ts';
import type { LineOf, Violation } from './history.ts';

/** What a client learned of a transaction. */
interface Said {
  readonly state: LineOf<'outcome'>['state'];
  /** When it was asked. */
  readonly from: number;
  /** When the answer arrived. */
  readonly at: number;
  /** For messages. */
  readonly by: string;
}

/** Refusals that say nothing of the transaction with this id: it was not taken, or the id belongs to another one. */
const NOT_OUTCOMES: readonly (string | undefined)[] = ['id-reused', 'validation', 'not-found', 'misdirected'];

/** All answers about a transaction, compared with each other. */
export const outcomes: Checker = (evidence) => {
  const isOver = evidence.lines('settled').length > 0;
  return evidence.requests.transactions.flatMap((transaction) => {
    const said = saidOf(transaction);
    return [
      ...changed(transaction, said),
      ...forgotten(transaction, said),
      ...(isOver ? unkept(transaction, said) : []),
    ];
  });
};

function saidOf({ tries, outcomes: shown }: Transaction): readonly Said[] {
  const answers = tries.flatMap(({ op, begin, end, result, code }): readonly Said[] => {
    if (end === undefined || result === 'unknown' || NOT_OUTCOMES.includes(code)) return [];
    return [{ state: result === 'ok' ? 'committed' : 'aborted', from: begin, at: end, by: `operation ${op}` }];
  });
  const outcomes = shown.map(({ state, at, begin, region }) => ({ state, from: begin ?? at, at, by: region }));
  return [...answers, ...outcomes];
}

function isFinal({ state }: Said): boolean {
  return state === 'committed' || state === 'aborted';
}

function violationOf({ id, tries }: Transaction, property: string, what: string): Violation {
  return { property, what: `${id} ${what}`, ops: tries.map(({ op }) => op), streams: [] };
}

function changed(transaction: Transaction, said: readonly Said[]): readonly Violation[] {
  const [first, ...others] = said.filter(isFinal).toSorted((a, b) => a.at - b.at);
  const other = others.find(({ state }) => state !== first?.state);
  if (!first || !other) return [];
  const what = `was ${first.state} by ${first.by} at ${first.at}, and ${other.state} by ${other.by} at ${other.at}`;
  return [violationOf(transaction, 'one outcome', what)];
}

/** Once an outcome is known it stays known, and once it is promised it is not `unknown` any more. */
function forgotten(transaction: Transaction, said: readonly Said[]): readonly Violation[] {
  const known = Math.min(...said.filter(isFinal).map(({ at }) => at));
  const promised = Math.min(...transaction.tries.flatMap((each) => each.promised ?? []));
  return said.flatMap(({ state, from, by }) => {
    if (state !== 'undecided' && state !== 'unknown') return [];
    if (from > known)
      return violationOf(
        transaction,
        'outcome is kept',
        `had an outcome at ${known}, and was ${state} by ${by} at ${from}`,
      );
    if (state === 'unknown' && from > promised)
      return violationOf(
        transaction,
        'promise is kept',
        `was promised an outcome at ${promised}, and was unknown by ${by} at ${from}`,
      );
    return [];
  });
}

/** A promised outcome is there in the end. */
function unkept(transaction: Transaction, said: readonly Said[]): readonly Violation[] {
  const [promised] = transaction.tries.flatMap((each) => each.promised ?? []);
  if (promised === undefined || said.some(isFinal)) return [];
  return [
    violationOf(transaction, 'promise is kept', `was promised an outcome at ${promised}, and has none in the end`),
  ];
}
