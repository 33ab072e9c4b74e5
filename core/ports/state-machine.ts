import type { MachineInput } from '../wire/coordinator.ts';

/** The state machine of this Region that drives transactions. */
export interface StateMachine {
  /** Starts an execution without waiting for it. Starting it twice is harmless. */
  start(input: MachineInput): Promise<void>;
}
