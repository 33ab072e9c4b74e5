import type {
  Addition,
  Bus,
  DelayedQueue,
  EventsTable,
  Ledger,
  PlacementStore,
  Progress,
  Quarantine,
  Queue,
  Remote,
  Sightings,
  SnapshotStore,
  StateMachine,
  TransactionsTable,
  ViewsTable,
} from '../../core/index.ts';

/** The ports of a Region that faults can be injected into: everything that a function calls over a network. */
export interface FaultyPorts {
  readonly events: EventsTable;
  readonly snapshots: SnapshotStore;
  readonly views: ViewsTable;
  readonly sightings: Sightings;
  readonly ledger: Ledger;
  readonly placements: PlacementStore;
  readonly bus: Bus;
  readonly projection: Queue;
  readonly ahead: DelayedQueue;
  readonly lookAgain: DelayedQueue;
  readonly ingest: Queue;
  readonly quarantine: Quarantine;
  readonly remote: Remote;
  readonly decisions: TransactionsTable;
  readonly participants: Remote;
  readonly turns: Remote;
  readonly machine: StateMachine;
  readonly resolver: DelayedQueue;
  /** A subscriber's progress; only a subscriber with its own table has it. */
  readonly progress?: Progress<Addition> | undefined;
  /** A subscriber's own queue. */
  readonly waiting?: DelayedQueue | undefined;
}

/** Decides whether, when and with which arguments a call of a port is made. `name` is like `events.put`. */
export type Around = (
  call: (args: readonly unknown[]) => Promise<unknown>,
  name: string,
  args: readonly unknown[],
) => Promise<unknown>;

/** Wraps ports, so that every call goes through `around`. */
export function portsAround(ports: FaultyPorts, around: Around): FaultyPorts {
  return withMethods(ports, (call, port, method) => {
    const name = `${port}.${method}`;
    const made = async (args: readonly unknown[]) => call(args);
    return (...args) => around(made, name, args);
  });
}

type Call = (args: readonly unknown[]) => unknown;

/** Returns ports whose methods are replaced, each once. @param instead gets how the method is called, and both names */
export function withMethods(
  ports: FaultyPorts,
  instead: (call: Call, port: string, method: string) => (...args: readonly unknown[]) => unknown,
): FaultyPorts {
  const replaced = Object.entries(ports).map(([name, port]): [string, unknown] => [
    name,
    port && methodsOf(port, (call, method) => instead(call, name, method)),
  ]);
  return { ...ports, ...Object.fromEntries(replaced) };
}

/** Returns a new promise each time: a shared one would keep everything that ever waited for it in memory. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** A port whose methods are replaced, each when it is first used. */
function methodsOf<T extends object>(
  port: T,
  instead: (call: Call, method: string) => (...args: readonly unknown[]) => unknown,
): T {
  const made = new Map<string | symbol, unknown>();
  return new Proxy(port, {
    get: (_port, key) => {
      const known = made.get(key);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(port, key);
      const used =
        typeof member === 'function' ? instead((args) => Reflect.apply(member, port, args), String(key)) : member;
      made.set(key, used);
      return used;
    },
  });
}
