import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { type Bus, type BusEntry, MeridianError, type PutAnswer } from '../../core/index.ts';
import { MESSAGING_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';

/** The errors that EventBridge reports for what an entry says; all others may pass, or be fixed in the deployment. */
const PERMANENT: readonly (string | undefined)[] = ['InvalidArgument', 'MalformedDetail'];

/**
 * An event bus of the client's Region. An entry may arrive twice: if a response is lost, all its entries are sent
 * again.
 * @throws MeridianError `unavailable` (retryable) if the call as a whole fails; `too-large` if EventBridge does not
 *   accept the batch
 */
export function eventBridgeBus(client: EventBridgeClient, name: string): Bus {
  const put = async (entries: readonly BusEntry[]): Promise<PutAnswer> => {
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
      if (!answer) return 'No result for this entry';
      const why = `${answer.ErrorCode}: ${answer.ErrorMessage}`;
      return PERMANENT.includes(answer.ErrorCode) ? { permanent: why } : why;
    });
  };
  return {
    put: async (entries) => {
      try {
        return await put(entries);
      } catch (error) {
        // A request that is invalid because of its only entry.
        if (entries.length === 1 && isInvalid(error)) return [{ permanent: reasonOf(error) }];
        throw error;
      }
    },
  };
}

function isInvalid(error: unknown): error is MeridianError {
  if (!(error instanceof MeridianError)) return false;
  return error.code === 'too-large' || (error.cause instanceof Error && error.cause.name === 'ValidationException');
}

/** Operators see it in the quarantine, so it has what AWS says. */
function reasonOf({ message, cause }: MeridianError): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
