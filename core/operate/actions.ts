import * as z from 'zod';
import { type RepublishPorts, republishStep } from '../delivery/republish.ts';
import { faultsOf, invalid, MeridianError } from '../facts/errors.ts';
import { addToQuarantine, listQuarantine, type QuarantinePorts, redriveQuarantine } from '../intake/quarantine.ts';
import { beginRebuild, cleanRebuild, type RebuildPorts, rebuildStatus, stepRebuild } from '../view/rebuild.ts';
import {
  quarantineAddRequestSchema,
  quarantineListRequestSchema,
  rebuildBeginRequestSchema,
  rebuildRequestSchema,
  rebuildStepRequestSchema,
  redriveRequestSchema,
  republishStepRequestSchema,
} from '../wire/operate.ts';

/** All that an operator's actions work with. */
export type OperatePorts = RebuildPorts & RepublishPorts & QuarantinePorts;

type Action = (ports: OperatePorts, asked: unknown) => Promise<unknown>;

/** An action whose request is checked first; it throws MeridianError `validation` for one that is not as it should be. */
function action<Input>(input: z.ZodType<Input>, run: (ports: OperatePorts, input: Input) => Promise<unknown>): Action {
  return async (ports, asked) => {
    const parsed = input.safeParse(asked);
    if (!parsed.success) throw invalid(faultsOf(parsed.error));
    return run(ports, parsed.data);
  };
}

/** What can be asked for. Each works for some seconds at most, then tells how far it is: whoever asked asks again. */
const actions: ReadonlyMap<string, Action> = new Map([
  ['rebuild-begin', action(rebuildBeginRequestSchema, beginRebuild)],
  ['rebuild-step', action(rebuildStepRequestSchema, stepRebuild)],
  ['rebuild-status', action(rebuildRequestSchema, rebuildStatus)],
  ['rebuild-clean', action(rebuildRequestSchema, cleanRebuild)],
  ['republish-step', action(republishStepRequestSchema, republishStep)],
  ['quarantine-list', action(quarantineListRequestSchema, listQuarantine)],
  ['quarantine-add', action(quarantineAddRequestSchema, addToQuarantine)],
  ['quarantine-redrive', action(redriveRequestSchema, redriveQuarantine)],
]);

const namedSchema = z.looseObject({ action: z.string() });

/** @throws MeridianError `validation`; `not-found`: there is no such action; what the action throws */
export const runAction: Action = async (ports, asked) => {
  const parsed = namedSchema.safeParse(asked);
  if (!parsed.success) throw invalid(faultsOf(parsed.error));
  const { action, ...input } = parsed.data;
  const run = actions.get(action);
  if (!run)
    throw new MeridianError('not-found', `There is no action ${action}.`, { details: { known: [...actions.keys()] } });
  return run(ports, input);
};
