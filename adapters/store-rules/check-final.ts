import { type Commit, type FinalState, type IntentKey, MeridianError } from '../../core/index.ts';

/**
 * Checks the item found in place of a prepared intent: it must be the same intent, already final in this state. @throws
 * MeridianError `internal`: the item is anything else
 */
export function checkFinal(
  there: Commit | undefined,
  { stream, log, position, commitId }: IntentKey,
  state: FinalState,
): void {
  if (there?.commitId === commitId && there.tx?.state === state) return;
  const found = there ? `${there.tx?.state ?? 'no intent'}: ${there.commitId}` : 'nothing';
  throw new MeridianError(
    'internal',
    `The intent ${commitId} at ${stream}@${log}.${position} cannot become ${state}: found ${found}. Check what wrote the item.`,
  );
}
