import { type Commit, type FinalState, type IntentKey, MeridianError } from '../../core/index.ts';

/**
 * What is there instead of a prepared intent that was to become final: the same intent, final in this state already.
 * @throws MeridianError `internal`: it is anything else
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
    `The intent ${commitId} at ${stream}@${log}.${position} cannot become ${state}: there is ${found}. Find out who wrote it.`,
  );
}
