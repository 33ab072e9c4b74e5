import { type RepublishPorts, republishStep } from '../delivery/republish.ts';
import { faultsOf, invalid, MeridianError } from '../facts/errors.ts';
import { addToQuarantine, listQuarantine, type QuarantinePorts, redriveQuarantine } from '../intake/quarantine.ts';
import { type CountPorts, countOpenConflicts } from '../ledger/count-open.ts';
import { beginRebuild, cleanRebuild, type RebuildPorts, rebuildStatus, stepRebuild } from '../view/rebuild.ts';
import {
  type ActionRequest,
  type ActionResult,
  isOperatorAction,
  type OperatorAction,
  operateRequestSchema,
  operatorActions,
} from '../wire/operate.ts';
import { decideForLost, decisionsOfLost, finishForLost, type LostRegionPorts, scanLost } from './lost-region.ts';
import { type MoveStreamPorts, moveOneStream } from './move-stream.ts';
import { completeMoves, moveHomes, type PlacementPorts, showPlacement } from './placement.ts';
import { type RepairPorts, repairItem, repairRow, repairTransaction, verifyItem } from './repair.ts';
import { verifyDecisions, verifyScan } from './verify-intents.ts';
import { verifyCommits, verifyStreams } from './verify-streams.ts';
import { verifyView } from './verify-view.ts';

/** The ports of all operator actions. */
export type OperatePorts = RebuildPorts &
  RepublishPorts &
  QuarantinePorts &
  CountPorts &
  PlacementPorts &
  RepairPorts &
  LostRegionPorts &
  MoveStreamPorts;

const actions: {
  readonly [Name in OperatorAction]: (ports: OperatePorts, request: ActionRequest<Name>) => Promise<ActionResult<Name>>;
} = {
  'rebuild-begin': beginRebuild,
  'rebuild-step': stepRebuild,
  'rebuild-status': rebuildStatus,
  'rebuild-clean': cleanRebuild,
  'republish-step': republishStep,
  'conflicts-count': countOpenConflicts,
  placement: showPlacement,
  move: moveHomes,
  complete: completeMoves,
  'lost-scan': scanLost,
  'lost-decisions': decisionsOfLost,
  'lost-decide': decideForLost,
  'lost-finish': finishForLost,
  'move-stream': moveOneStream,
  'verify-scan': verifyScan,
  'verify-streams': verifyStreams,
  'verify-commits': verifyCommits,
  'verify-decisions': verifyDecisions,
  'verify-view': verifyView,
  'verify-item': verifyItem,
  'repair-item': repairItem,
  'repair-row': repairRow,
  'repair-transaction': repairTransaction,
  'quarantine-list': listQuarantine,
  'quarantine-add': addToQuarantine,
  'quarantine-redrive': redriveQuarantine,
};

/** @throws MeridianError `validation`; `not-found`: unknown action; what the action throws */
export async function runAction(ports: OperatePorts, asked: unknown): Promise<ActionResult<OperatorAction>> {
  const parsed = operateRequestSchema.safeParse(asked);
  if (!parsed.success) throw invalid(faultsOf(parsed.error));
  const { action, ...input } = parsed.data;
  if (!isOperatorAction(action))
    throw new MeridianError('not-found', `There is no action ${action}.`, {
      details: { known: Object.keys(operatorActions) },
    });
  return runNamed(ports, action, input);
}

async function runNamed<Name extends OperatorAction>(
  ports: OperatePorts,
  name: Name,
  input: unknown,
): Promise<ActionResult<Name>> {
  const parsed = operatorActions[name].request.safeParse(input);
  if (!parsed.success) throw invalid(faultsOf(parsed.error));
  return actions[name](ports, parsed.data);
}
