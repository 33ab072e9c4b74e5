import { onTestFinished } from 'vitest';
import { type RecordOptions, record } from '../../../bin/record/record.ts';
import { checkReachable } from '../../../bin/smoke/read-checks.ts';
import { workload } from '../../../simulator/domain.ts';
import { serveWorld } from '../../../world/network/server.ts';
import type { World } from '../../../world/world.ts';

/** Records the history of a world that is served on a free port. */
export async function recordingOf(world: World, options: Partial<RecordOptions> = {}) {
  const server = await serveWorld(world, 0);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  const url = `http://127.0.0.1:${bound && typeof bound === 'object' ? bound.port : ''}`;
  const { value } = await checkReachable({ url, name: 'meridian' });
  return record({
    ...{ regions: value.regions, workload, seed: 7, operations: 60, sessions: 6, lasts: 0, key: '1' },
    ...{ withinMs: 20_000, onStep: () => undefined, ...options },
  });
}
