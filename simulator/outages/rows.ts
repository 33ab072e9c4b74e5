import { KINDS, type Kind, type KindName } from './kinds.ts';
import { USE_NAMES, type UseName } from './load.ts';
import type { Figures, Measured, Rto, Share } from './measure.ts';

/** Where a use goes on: every request was accepted there. */
type GoesOn = 'everywhere' | 'in the failed Region' | 'elsewhere' | 'in part' | 'nowhere';

/** What an outage is to one use, for programs. */
export interface Row extends Figures {
  readonly kind: KindName;
  /** What clients need. */
  readonly mode: UseName;
  readonly phase: 'meanwhile' | 'moved' | 'after';
  readonly goesOn: GoesOn;
  /** Milliseconds of the longest wait for an answer that accepts; null: none was accepted. */
  readonly waits: number | null;
  /** Acknowledged, and lost in whole or in part. */
  readonly lost: number;
  /** Milliseconds of acknowledgements that are lost, of all uses. */
  readonly rpo: number;
  /** Null: nothing was moved. */
  readonly rto: Rto | null;
  readonly who: string;
}

/** All rows of a kind. */
export function rowsOf(measured: Measured): readonly Row[] {
  const { kind, lostByUse, window, rto } = measured;
  const { who }: Kind = KINDS[kind];
  return (['meanwhile', 'moved', 'after'] as const).flatMap((phase) =>
    USE_NAMES.flatMap((mode) => {
      const figures = measured[phase]?.[mode];
      if (!figures) return [];
      const isAccepted = figures.failed.accepted + figures.elsewhere.accepted > 0;
      return {
        ...{ kind, mode, phase, goesOn: goesOnIn(figures), waits: isAccepted ? figures.longestWait : null },
        ...{ lost: lostByUse[mode] ?? 0, rpo: window, rto: rto ?? null, who },
        ...figures,
      };
    }),
  );
}

function goesOnIn({ failed, elsewhere }: Figures): GoesOn {
  const [here, there] = [stateOf(failed), stateOf(elsewhere)];
  if (here === there || here === 'not asked')
    return there === 'all' ? 'everywhere' : there === 'none' ? 'nowhere' : 'in part';
  if (here === 'all' && there === 'none') return 'in the failed Region';
  return here === 'none' && there === 'all' ? 'elsewhere' : 'in part';
}

function stateOf({ sent, accepted }: Share): 'all' | 'none' | 'some' | 'not asked' {
  if (sent === 0) return 'not asked';
  return accepted === sent ? 'all' : accepted === 0 ? 'none' : 'some';
}
