// A transaction changes all of its streams, or none, by one attempt only, and as it was asked.
import { attemptIn } from './evidence/attempt.ts';
import type { Checker } from './evidence/evidence.ts';
import { isEqual, show } from './evidence/json.ts';
import { mayHaveWritten, type Transaction } from './evidence/requests.ts';
import type { Stored } from './evidence/stored.ts';
import { showDot } from './evidence/version.ts';
import type { HistoryCommit, LineOf, Violation } from './history.ts';
import { mayChangeNothing } from './reference/kinds.ts';

type Participant = LineOf<'transact'>['participants'][number];

/** What is visible of a transaction in one stream of one Region. */
interface Part extends Participant {
  readonly commits: readonly HistoryCommit[];
}

/** Transactions, compared with what is visible of them in every Region in the end. */
export const atomic: Checker = ({ stored, requests }) =>
  requests.transactions.flatMap((transaction) => [
    ...severalAttempts(transaction, stored),
    ...regionsOf(transaction, stored).flatMap((region) => partial(transaction, stored, region)),
  ]);

function violationOf({ tries }: Transaction, streams: readonly string[], property: string, what: string): Violation {
  return { property, what, ops: tries.map(({ op }) => op), streams };
}

function severalAttempts(transaction: Transaction, stored: ReadonlyMap<string, Stored>): readonly Violation[] {
  const commits = [...stored.values()].flatMap((each) => each.commitsOfTransaction(transaction.id));
  const attempts = new Set(commits.map(({ commitId }) => commitId));
  if (attempts.size <= 1) return [];
  return [violationOf(transaction, [], 'one attempt', `several attempts are committed: ${[...attempts].join(' ')}`)];
}

/** The Regions whose replicas of all of its streams are known. */
function regionsOf({ tries }: Transaction, stored: ReadonlyMap<string, Stored>): readonly string[] {
  const streams = [...new Set(tries.flatMap(({ participants }) => participants.map(({ stream }) => stream)))];
  const [first, ...others] = streams.map((stream) => new Set(stored.get(stream)?.replicas.map(({ region }) => region)));
  return [...others.reduce((all, regions) => all.intersection(regions), first ?? new Set<string>())];
}

function partial(transaction: Transaction, stored: ReadonlyMap<string, Stored>, region: string): readonly Violation[] {
  const { id, fate, tries } = transaction;
  // The same id may have been used with other participants: only one of the requests may be committed.
  const writers = tries.filter(mayHaveWritten);
  const requests = (writers.length > 0 ? writers : tries).map(({ participants }) =>
    participants.map((each) => partOf(id, each, stored, region)),
  );
  const found = requests
    .flat()
    .flatMap(({ stream, commits }) => commits.map((commit) => `${showDot(commit)} of ${stream}`));
  const streams = [...new Set(requests.flat().map(({ stream }) => stream))];
  const violation = (what: string) => [violationOf(transaction, streams, 'atomic', `${id} ${what} in ${region}`)];
  if (fate === 'none' && found.length > 0) return violation(`is not committed, and visible at ${found.join(', ')}`);
  const isWhole = requests.some((parts) => parts.every(isThere));
  if (fate === 'committed' && !isWhole) {
    const missing = requests.flat().filter((part) => !isThere(part));
    const parts = missing.map(({ stream, effect }) => `${show(effect)} of ${stream}`);
    return violation(`is committed, and lacks ${parts.join(', ')}`);
  }
  return [];
}

function partOf(id: string, participant: Participant, stored: ReadonlyMap<string, Stored>, region: string): Part {
  const replica = stored.get(participant.stream)?.replicas.find((each) => each.region === region);
  const commits = (replica?.commits ?? []).filter(
    ({ commitId, state, events }) => state === 'visible' && events.length > 0 && attemptIn(commitId)?.id === id,
  );
  return { ...participant, commits };
}

/** What turns out to change nothing need not be there. */
function isThere({ effect, commits }: Part): boolean {
  const effects = commits.flatMap(({ events }) => events.map((event) => event.effect));
  return isEqual(effects, [effect]) || (effects.length === 0 && mayChangeNothing(effect));
}
