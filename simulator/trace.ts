import type { Line } from '../checkers/history.ts';
import { type FaultyPorts, portsAround } from '../world/region/faults.ts';
import type { Scheduler } from '../world/time/scheduler.ts';

/** Something that happens in a history, as it happens. Times are milliseconds from its start. */
export type TraceEvent =
  /** A line of the history that begins; an operation has no end yet. */
  | { readonly event: 'line'; readonly at: number; readonly line: Line }
  /** A function calls a port: `events.put`. */
  | {
      readonly event: 'call';
      readonly at: number;
      readonly region: string;
      readonly function: string;
      readonly call: string;
      readonly args: readonly unknown[];
    }
  /** The call returned, or failed. */
  | {
      readonly event: 'return';
      readonly at: number;
      readonly region: string;
      readonly function: string;
      readonly call: string;
      readonly failed: boolean;
    };

export type Trace = (event: TraceEvent) => void;

/** Ports whose calls are traced. */
export function traced(
  ports: FaultyPorts,
  trace: Trace,
  { region, of, now }: { readonly region: string; readonly of: string; readonly now: Scheduler['now'] },
): FaultyPorts {
  return portsAround(ports, async (call, name, args) => {
    const common = { region, function: of, call: name };
    trace({ event: 'call', at: now(), ...common, args });
    try {
      const answer = await call(args);
      trace({ event: 'return', at: now(), ...common, failed: false });
      return answer;
    } catch (error) {
      trace({ event: 'return', at: now(), ...common, failed: true });
      throw error;
    }
  });
}
