import type { LineOf, OperationLine } from '../checkers/history.ts';
import { giverIn } from '../checkers/reference/kinds.ts';
import { type FaultyPorts, portsAround } from '../world/region/faults.ts';
import { homeOf } from './plan.ts';

type Costs = LineOf<'cost'>['most'];

/** The functions that work for a client before and after its answer. What follows from a commit is not counted. */
const COUNTED = new Set(['api', 'command', 'participant', 'coordinate', 'turn']);
const WRITES = /^(events\.(put|finalise|mark|transact|putDecision)|decisions\.put)$/;
const TABLES = /^(events|decisions|snapshots)\./;

/** Counts requests of tables, and writes among them, by the functions that work for clients. */
export class Meter {
  #requests = 0;
  #writes = 0;

  /** The ports of a function, counted. */
  around(ports: FaultyPorts, of: string): FaultyPorts {
    if (!COUNTED.has(of)) return ports;
    return portsAround(ports, (call, name, args) => {
      if (TABLES.test(name)) this.#requests++;
      // One request writes all items of a one-Region transaction.
      if (WRITES.test(name)) this.#writes++;
      return call(args);
    });
  }

  /** What was counted since the last time. */
  take(): Omit<Costs, 'roundTrips'> {
    const taken = { requests: this.#requests, writes: this.#writes };
    this.#requests = 0;
    this.#writes = 0;
    return taken;
  }
}

/**
 * The most that an operation may take if nothing else happens, without snapshots. `isWarm`: its instance has just
 * handled the same stream.
 */
export function mostOf(operation: OperationLine, isWarm: boolean): Costs {
  switch (operation.line) {
    case 'read':
      return { writes: 0, requests: 1, roundTrips: 0 };
    case 'append': {
      const { stream, region, effect } = operation;
      const home = homeOf(stream);
      // A put. Cold, the stream is loaded before; and so is one that every Region writes, after a second.
      const requests = isWarm && home !== undefined ? 1 : 2;
      return { writes: 1, requests, roundTrips: (home ?? giverIn(effect) ?? region) === region ? 0 : 1 };
    }
    case 'transact':
      return mostOfTransaction(operation);
  }
}

function mostOfTransaction({ id, region, participants, checks }: LineOf<'transact'>): Costs {
  const driving = id.slice(0, id.indexOf(':'));
  const streams = [...participants, ...checks].map(({ stream }) => stream);
  const passedOn = region === driving ? 0 : 1;
  const k = streams.length;
  if (streams.every((stream) => homeOf(stream) === driving))
    // One write of everything. Before it every stream is loaded, and it is looked up whether the id has an outcome.
    return { writes: 1, requests: 2 + k, roundTrips: passedOn };
  // An intent of every participant, the decision, and the end of every intent. All participants are asked at once; and strong
  // decisions wait for a majority of Regions.
  return { writes: 2 * k + 1, requests: 8 + 3 * k, roundTrips: passedOn + 2 };
}
