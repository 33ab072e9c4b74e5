import type { MachineInput } from '../wire/coordinator.ts';

/** The state machine of this Region that drives transactions. */
export interface StateMachine {
  /** Starts it, and does not wait for it. Started twice, it does no harm. */
  start(input: MachineInput): Promise<void>;
}
