import { expect, it } from 'vitest';
import { subscriberOn } from '../../lambdas/subscription.ts';
import { aSubscriber, bodyAt } from '../core/delivery/subscribe-fixture.ts';
import { context, recordedTelemetry, sqsEvent } from './invocation.ts';

it.each([
  [60, 1],
  [300, 5],
  [900, 10],
])(
  'a subscriber with a timeout of %i s starts messages for a sixth of that time: %i of a batch if each takes 12 s',
  async (timeoutS, count) => {
    const { runtime } = aSubscriber();
    const handler = subscriberOn(
      { handle: () => void runtime.advance(12_000) },
      {
        ...{ deployment: 'shop', name: 'mailer', region: 'us-east-1', environment: {}, telemetry: recordedTelemetry() },
        ...{ from: 'beginning', progress: undefined, runtime: { ...runtime, digest: (text) => text } },
      },
    );
    const bodies = Array.from({ length: 10 }, (_, i) => bodyAt(i + 1));
    const answer = await handler(sqsEvent(bodies), { ...context, getRemainingTimeInMillis: () => timeoutS * 1000 });
    expect(answer.batchItemFailures).toHaveLength(10 - count);
  },
);
