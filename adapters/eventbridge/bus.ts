import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Bus } from '../../core/index.ts';
import { MESSAGING_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';

/**
 * An event bus of the client's Region. An entry may arrive twice: if a response is lost, all its entries are sent
 * again.
 * @throws MeridianError `unavailable` (retryable) if the call as a whole fails; `too-large` if EventBridge does not
 *   accept the batch
 */
export function eventBridgeBus(client: EventBridgeClient, name: string): Bus {
  return {
    put: async (entries) => {
      const { Entries = [] } = await orSdkError(
        `put events on the bus ${name}`,
        client.send(
          new PutEventsCommand({
            Entries: entries.map(({ source, detailType, detail }) => ({
              EventBusName: name,
              Source: source,
              DetailType: detailType,
              Detail: detail,
            })),
          }),
          timeLimit(MESSAGING_MS),
        ),
      );
      return entries.map((_, index) => {
        const answer = Entries[index];
        if (answer?.EventId) return undefined;
        return answer ? `${answer.ErrorCode}: ${answer.ErrorMessage}` : 'No result for this entry';
      });
    },
  };
}
