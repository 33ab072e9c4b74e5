import { beforeAll, describe, expect, it } from 'vitest';
import { dynamoDbEventStore } from '../../../adapters/dynamodb/event-store.ts';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { nodeRuntime } from '../../../adapters/node/runtime.ts';
import type { Append, Appended } from '../../../core/facts/append.ts';
import { type AppendPorts, MeridianError, type Runtime, type Warm } from '../../../core/index.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { countRequests } from '../../contract/count-requests.ts';
import { describeWithDynamoDbLocal } from '../../contract/dynamodb-local.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, command, noted, REGIONS } from '../a-region.ts';

describeWithDynamoDbLocal('append on DynamoDB Local', (local) => {
  let requests: Map<string, number>;
  let newProcess: (runtime?: Runtime) => AppendPorts;

  beforeAll(async () => {
    const client = local().client();
    requests = countRequests(client);
    const events = dynamoDbEventStore(client, await local().createTable());
    // Its clock does not advance, so that no stream gets cold on a slow machine.
    newProcess = (runtime = fakeRuntime()) => ({
      domain: toyDomain,
      region: 'us',
      regions: REGIONS,
      log: 'us',
      runtime,
      warm: new Map<string, Warm>(),
      events,
      decisions: memoryDecisions({ strong: true }),
    });
  });

  const counting = async (act: () => Promise<unknown>): Promise<Record<string, number>> => {
    requests.clear();
    await act();
    return Object.fromEntries(requests);
  };

  describe.each([
    ['a merge stream', { stream: 'note/counted', operation: noted('a') }],
    ['a home stream', { stream: 'account/us.counted', operation: command('deposit', { amount: 1 }) }],
  ])('to %s', (_what, asked) => {
    it('is one PutItem if the stream is warm, and one additional Query if it is cold', async () => {
      const ports = newProcess();
      const one = (): Promise<unknown> => appendToStream(ports, anAppend(asked));
      expect(await counting(one)).toEqual({ QueryCommand: 1, PutItemCommand: 1 });
      expect(await counting(one)).toEqual({ PutItemCommand: 1 });
      expect(await counting(one)).toEqual({ PutItemCommand: 1 });
      expect(await counting(() => appendToStream(newProcess(), anAppend(asked)))).toEqual({
        QueryCommand: 1,
        PutItemCommand: 1,
      });
    });

    it('is one PutItem if its own commit already has the position', async () => {
      const [one, other] = [newProcess(), newProcess()];
      const first = anAppend(asked);
      await appendToStream(one, anAppend(asked));
      await appendToStream(other, anAppend({ ...asked, commitId: first.commitId }));
      expect(await counting(() => appendToStream(one, first))).toEqual({ PutItemCommand: 1 });
    });
  });

  it('succeeds 10 times from each of 32 concurrent writers on one home stream, without a gap, in at most 5 requests each', async () => {
    const [WRITERS, APPENDS] = [32, 10];
    const stream = 'account/us.contended';
    const positions: number[] = [];
    let again = 0;
    /** Retries the same request, as every caller does: on a slow machine, an append may give up after 10 s. */
    const land = async (writer: AppendPorts, asked: Append): Promise<Appended> => {
      try {
        return await appendToStream(writer, asked);
      } catch (error) {
        if (!(error instanceof MeridianError && error.code === 'version-conflict' && error.retryable)) throw error;
        again++;
        return land(writer, asked);
      }
    };
    const counts = await counting(() =>
      Promise.all(
        Array.from({ length: WRITERS }, async () => {
          const writer = newProcess(nodeRuntime({ metric: () => undefined, unexpected: () => undefined }));
          for (let i = 0; i < APPENDS; i++) {
            const { dot } = await land(writer, anAppend({ stream, operation: command('deposit', { amount: 1 }) }));
            if (dot) positions.push(dot.position);
          }
        }),
      ),
    );
    expect(positions.sort((a, b) => a - b)).toEqual(Array.from({ length: WRITERS * APPENDS }, (_, i) => i + 1));
    const each = Object.values(counts).reduce((sum, count) => sum + count, 0) / positions.length;
    const figures = `${each.toFixed(2)} requests each, ${again} sent again`;
    process.stdout.write(
      `${WRITERS} writers × ${APPENDS} appends on one stream: ${figures}, ${JSON.stringify(counts)}\n`,
    );
    expect(each).toBeLessThanOrEqual(5);
  }, 120_000);
});
