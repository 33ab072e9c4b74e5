import type { FaultyPorts } from '../../../world/region/faults.ts';
import type { WorldOptions } from '../../../world/world.ts';
import { aWorld } from '../a-world.ts';

export const HERE = 'us-east-1';

/** A world, and the ports of a process of `api` in its first Region, with all faults that happen there by chance. */
export async function aWeatheredProcess(options: Pick<WorldOptions, 'decisions' | 'seed'> = {}) {
  const outcomes: string[] = [];
  const processes: FaultyPorts[] = [];
  const tested = aWorld({
    ...{ regions: [HERE, 'us-east-2', 'us-west-2'], latency: false, ...options },
    withFaults: (region, ports, _exit, name) => {
      if (region === HERE && name === 'api') processes.push(ports);
      return ports;
    },
  });
  await tested.get(HERE, '/streams/note/other');
  const [ports] = processes;
  if (!ports) throw new Error('No process has started.');
  const { world, scheduler } = tested;
  world.onPortCall = (_region, of, method, outcome) => outcomes.push(`${of} ${method} ${outcome}`);
  return {
    ...tested,
    ports,
    outcomes,
    /** Makes a call, and lets time pass until it returns. */
    made: <T>(call: Promise<T>) => scheduler.resolve(call),
    /** Milliseconds that a call takes, whatever its result. */
    takes: async (call: Promise<unknown>) => {
      const begin = scheduler.now();
      await scheduler.resolve(Promise.allSettled([call]));
      return scheduler.now() - begin;
    },
  };
}
