import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import type { MachineInput } from '../../../core/index.ts';
import { aDecision } from '../../contract/decisions.ts';
import { anApi, westStock } from './an-api.ts';

/** Stocks whose home is us-east-1. */
export const [east1, east2, east3] = ['stock/0', 'stock/3', 'stock/6'] as const;

/** A stock whose home is us-west-2. */
export const west = westStock;

export const id = 'us-east-1:order-17';

export function taking(stream: string, by = 'me') {
  return { stream, command: 'take', input: by };
}

export function taken(by: string) {
  return { type: 'Taken', data: { by } };
}

/** Takes from two stocks of one Region. */
export const both = { id, participants: [taking(east1), taking(east2)] };

/** Takes from two stocks of two Regions. */
export const across = { id, participants: [taking(east1), taking(west)] };

/** An API whose state machine produces this outcome at once. */
export function anApiWith(outcome: 'committed' | 'busy' | 'unreachable' | undefined) {
  const decisions = memoryDecisions({ strong: true });
  const started: MachineInput[] = [];
  const api = anApi({
    decisions,
    machine: {
      start: async (input) => {
        started.push(input);
        const { id: transaction, fingerprint } = input;
        if (outcome === undefined) return;
        const problem = {
          type: 'urn:meridian:problem:x',
          title: 'x',
          status: 409,
          detail: 'It was held by others.',
          retryable: false,
        };
        const aborted = { state: 'aborted' as const, participants: [] };
        const busy = { ...problem, code: 'stream-busy' as const, retryAfter: 7 };
        const unreachable = { ...problem, code: 'region-unreachable' as const };
        await decisions.put(
          aDecision({
            transaction,
            fingerprint,
            ...(outcome === 'committed'
              ? { participants: [{ stream: west, log: 'us-west-2', position: 4, version: { 'us-west-2': 4 } }] }
              : { ...aborted, reason: { stream: west, problem: outcome === 'busy' ? busy : unreachable } }),
          }),
        );
      },
    },
  });
  return { ...api, started, decisions };
}
