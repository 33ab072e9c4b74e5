// Everything on `home` streams as transactions: an append writes one stream, a read in the home reads one, a transaction does both.
import type { Effect, LineOf } from '../history.ts';
import { mayChangeNothing } from '../reference/kinds.ts';
import type { Evidence } from './evidence.ts';
import { type Append, mayHaveWritten, type Transaction } from './requests.ts';
import type { Stored } from './stored.ts';
import type { Dot, Version } from './version.ts';

/** What a transaction has written to a stream. */
export interface Write {
  readonly stream: string;
  readonly effect: Effect;
  /** Where, if it is known. */
  readonly dot: Dot | undefined;
}

/** What a transaction has read of a stream. */
export interface Look {
  readonly stream: string;
  readonly version: Version | undefined;
  /** Undefined: only the version is known. */
  readonly state: unknown;
}

export interface Node {
  readonly ops: readonly number[];
  /** For messages. */
  readonly what: string;
  /** `none`: it was aborted. */
  readonly fate: 'committed' | 'none' | 'open';
  readonly begin: number;
  readonly end: number;
  /** False for a read that may have given up on a decision. */
  readonly isAfterOthers: boolean;
  readonly writes: readonly Write[];
  readonly looks: readonly Look[];
}

/** The transactions on `strong` streams, and on `home` streams that had one home throughout. */
export function nodesIn(evidence: Evidence): readonly Node[] {
  const isKept = ({ stream }: { readonly stream: string }) => evidence.isSerial(stream);
  const { appends, transactions } = evidence.requests;
  const nodes = [
    ...appends.map(nodeOfAppend),
    ...transactions.map((transaction) => nodeOfTransaction(transaction, evidence.stored)),
    ...evidence
      .lines('read')
      .filter((read) => read.result === 'ok' && evidence.isCurrent(read))
      .map((read) => nodeOfRead(read, !evidence.mayLackDecision(read))),
  ].map((node) => ({ ...node, writes: node.writes.filter(isKept), looks: node.looks.filter(isKept) }));
  return nodes.filter(({ writes, looks }) => writes.length + looks.length > 0);
}

function nodeOfAppend({ stream, tries, fate, begin, end, commits }: Append): Node {
  const writers = tries.filter(mayHaveWritten);
  const ops = tries.map(({ op }) => op);
  const dot = writers.find((each) => each.dot)?.dot ?? commits?.[0];
  const versions = writers.flatMap(({ expected }) => (expected ? [expected] : []));
  const [version] = versions;
  return {
    ...{ ops, fate, begin, end, what: `append ${ops[0]}`, isAfterOthers: true },
    writes: tries.slice(0, 1).map(({ effect }) => ({ stream, effect, dot })),
    // An append that names a version was decided on it. If only some tries name one, another one may have written.
    looks:
      version && fate === 'committed' && versions.length === writers.length
        ? [{ stream, version, state: undefined }]
        : [],
  };
}

function nodeOfTransaction({ id, tries, fate, begin, end }: Transaction, stored: ReadonlyMap<string, Stored>): Node {
  const ops = tries.map(({ op }) => op);
  const [first] = tries.filter(mayHaveWritten);
  const { participants, checks } = first ?? tries[0] ?? { participants: [], checks: [] };
  return {
    ...{ ops, fate, begin, end, what: `transaction ${ops[0]}`, isAfterOthers: true },
    writes: participants.flatMap(({ stream, effect }) => {
      const commits = stored.get(stream)?.commitsOfTransaction(id);
      const dot = commits?.find(({ events }) => events.length > 0);
      return commits && !dot && mayChangeNothing(effect) ? [] : [{ stream, effect, dot }];
    }),
    looks: fate === 'committed' ? checks : [],
  };
}

function nodeOfRead(read: LineOf<'read'>, isAfterOthers: boolean): Node {
  const { op, stream, version, state, begin, end = Number.POSITIVE_INFINITY } = read;
  return {
    ...{ ops: [op], begin, end, what: `read ${op}`, fate: 'committed', isAfterOthers },
    writes: [],
    looks: [{ stream, version, state }],
  };
}
