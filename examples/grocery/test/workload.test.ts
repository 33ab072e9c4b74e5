import { expect, it } from 'vitest';
import { judgeHistory } from '../../../checkers/index.ts';
import { recordingOf } from '../../../test/bin/record/a-recording.ts';
import { World } from '../../../world/world.ts';
import { domain } from '../streams/index.ts';
import { workload } from '../workload.ts';

it('a recording of carts, stock and wallets in three Regions breaks no promise', async () => {
  const world = new World({ domain, regions: ['us-east-1', 'us-east-2', 'us-west-2'], latency: false });
  const { history, agree } = await recordingOf(world, { workload });
  expect([agree, judgeHistory(history)]).toEqual([true, { violations: [], undecided: [] }]);
  const results = history.flatMap((line) => ('result' in line ? [`${line.line} ${line.result}`] : []));
  expect(new Set(results)).toEqual(
    new Set(['append ok', 'append refused', 'read ok', 'transact ok', 'transact refused']),
  );
  expect(history.filter(({ line }) => line === 'view')).toHaveLength(3);
});
