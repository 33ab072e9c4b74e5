import { MeridianError } from '../../core/index.ts';
import { type Around, type FaultyPorts, never, portsAround } from '../../world/region/faults.ts';
import { type Scheduler, sleepOn } from '../../world/time/scheduler.ts';

/** What happens to a call of a port, by the words that scenarios use. */
export const HOW = {
  fails: 'it fails before it takes effect',
  'loses-answer': 'it takes effect, and fails',
  dies: 'its process ends before it takes effect',
  'dies-after': 'its process ends after it took effect',
  hangs: 'it is never answered',
  lost: 'it is answered with success, and has no effect',
  refused: 'its entries are refused, and may be accepted later',
  malformed: 'its entries are refused, and will never be accepted',
  late: 'it is made after a pause',
} as const;

export type How = keyof typeof HOW;

/** A fault to inject into calls of a port. */
export interface Fault {
  readonly region: string;
  /** The port and its method, `events.put`; or the port alone, `events`. */
  readonly port: string;
  readonly how: How;
  /** The function whose calls are meant. @default every function */
  readonly function?: string | undefined;
  /** Milliseconds of a pause. */
  readonly pause: number;
  /** How many more calls have it. */
  times: number;
}

/** The faults of a scenario. */
export class Faults {
  readonly #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push(fault);
  }

  end(): void {
    this.#faults.length = 0;
  }

  /** Injects the faults, those that are added later too, into the ports of one instance of a function. */
  into(scheduler: Scheduler) {
    return (region: string, ports: FaultyPorts, exit: () => void, of: string): FaultyPorts => {
      const around: Around = async (call, name, args) => {
        const fault = this.#next(region, name, of);
        return fault ? suffer(fault, { call, args, exit, scheduler }) : call(args);
      };
      return portsAround(ports, around);
    };
  }

  #next(region: string, name: string, of: string): Fault | undefined {
    const fault = this.#faults.find(
      (one) =>
        one.times > 0 &&
        one.region === region &&
        (one.port === name || one.port === name.slice(0, name.indexOf('.'))) &&
        (one.function ?? of) === of,
    );
    if (fault) fault.times--;
    return fault;
  }
}

interface Suffered {
  readonly call: (args: readonly unknown[]) => Promise<unknown>;
  readonly args: readonly unknown[];
  readonly exit: () => void;
  readonly scheduler: Scheduler;
}

async function suffer({ how, pause, port }: Fault, { call, args, exit, scheduler }: Suffered): Promise<unknown> {
  switch (how) {
    case 'late':
      await sleepOn(scheduler, pause);
      return call(args);
    case 'loses-answer':
      await call(args);
      throw failure(port);
    case 'fails':
      throw failure(port);
    case 'dies-after':
      await call(args);
      exit();
      return never();
    case 'dies':
      exit();
      return never();
    case 'hangs':
      return never();
    case 'lost':
      return entriesOf(args).map(() => undefined);
    case 'refused':
      return entriesOf(args).map(() => 'InternalException');
    case 'malformed':
      return entriesOf(args).map(() => ({ permanent: 'MalformedDetail: Detail is malformed.' }));
  }
}

function entriesOf([entries]: readonly unknown[]): readonly unknown[] {
  return Array.isArray(entries) ? entries : [];
}

function failure(port: string): MeridianError {
  return new MeridianError('unavailable', `${port} does not respond. Retry.`, { retryable: true });
}
