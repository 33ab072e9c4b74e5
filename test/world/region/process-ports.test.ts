import { describe, expect, it } from 'vitest';
import { silentTelemetry } from '../../../world/error-log.ts';
import { noCounts } from '../../../world/region/counts.ts';
import type { portsAround } from '../../../world/region/faults.ts';
import { regionRuntime } from '../../../world/region/ports.ts';
import { ProcessPorts } from '../../../world/region/process-ports.ts';
import { Process } from '../../../world/services/process.ts';
import { WorldClock } from '../../../world/time/clock.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { VirtualScheduler } from '../../../world/time/scheduler.ts';
import { Weather } from '../../../world/weather.ts';
import { aWorld } from '../a-world.ts';

const region = 'us-east-1';

/** A process whose Region's clock is 500 ms ahead. */
function aProcess(stops = 0) {
  const scheduler = new VirtualScheduler(0);
  const clock = new WorldClock(scheduler, 500);
  const weather = new Weather(seeded(1));
  weather.set('clock.stops', stops, region);
  const process = new Process(
    () => scheduler.now(),
    () => undefined,
  );
  const runtime = regionRuntime({ scheduler, random: seeded(1), clock, telemetry: silentTelemetry }, noCounts());
  const ports = new ProcessPorts(process, { region, scheduler, weather, clock, runtime });
  return { scheduler, clock, process, ports, runtime: ports.runtime };
}

/** The ports of one instance of a function in a world. */
async function portsInWorld() {
  const { promise, resolve } = Promise.withResolvers<Parameters<typeof portsAround>[0]>();
  const { write } = aWorld({
    withFaults: (_region, ports) => {
      resolve(ports);
      return ports;
    },
  });
  await write(region, 'a', 'note/a', 'red');
  return promise;
}

describe('the time of a process', () => {
  it('is compared with that of DynamoDB once that has responded, and not before', async () => {
    const { ports, runtime, clock } = aProcess();
    const { events, bus } = ports.of(await portsInWorld());
    expect(runtime.clockAhead()).toBe(0);
    await bus.put([]);
    expect(runtime.clockAhead()).toBe(0);
    await events.load('note/a');
    expect(runtime.clockAhead()).toBe(500);
    clock.jump(100);
    expect([runtime.clockAhead(), runtime.now()]).toEqual([600, 600]);
  });

  it('goes on while it is frozen', async () => {
    const { process, runtime, scheduler } = aProcess();
    process.freeze();
    await scheduler.run(1000);
    process.thaw();
    expect([runtime.elapsed(), runtime.now()]).toEqual([1000, 1500]);
  });

  it('can stop for its monotonic clock: then it takes itself for too far ahead of DynamoDB until that responds', async () => {
    const { process, ports, runtime, scheduler } = aProcess(1);
    const { events } = ports.of(await portsInWorld());
    await events.load('note/a');
    process.freeze();
    await scheduler.run(1000);
    process.thaw();
    expect([runtime.elapsed(), runtime.now(), runtime.clockAhead()]).toEqual([0, 1500, 1500]);
    await events.load('note/a');
    expect(runtime.clockAhead()).toBe(500);
  });

  it('does not let it wake up while it is frozen', async () => {
    const { process, runtime, scheduler } = aProcess();
    const woken: number[] = [];
    void runtime.sleep(100).then(() => woken.push(scheduler.now()));
    void runtime.sleep(5000).then(() => woken.push(scheduler.now()));
    process.freeze();
    await scheduler.run(1000);
    expect(woken).toEqual([]);
    process.thaw();
    await scheduler.run(10_000);
    expect(woken).toEqual([1000, 5000]);
  });
});
