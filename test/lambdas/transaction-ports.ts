import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { MeridianError, type Remote, type TransactPorts } from '../../core/index.ts';

/** Other Regions, all unreachable. */
export const unreachable: Remote = {
  invoke: async (region) => {
    throw new MeridianError('region-unreachable', `${region} did not respond. Retry.`, { retryable: true });
  },
};

/**
 * What transactions need in addition to the ports of an append: no decisions yet, no other Region, a state machine
 * that does nothing.
 */
export function transactionPorts(): Pick<TransactPorts, 'decisions' | 'remote' | 'participants' | 'machine'> {
  return {
    decisions: memoryDecisions({ strong: true }),
    remote: unreachable,
    participants: unreachable,
    machine: { start: async () => {} },
  };
}
