import type { HeldMessage, Quarantine } from '../../core/index.ts';
import { SQS_BATCH_ENTRIES } from '../../core/limits/aws.ts';
import { checkEntries, checkMessages } from '../store-rules/check-messages.ts';
import { type KeptMessage, lastNumber, type MessageKeeper } from './message-keeper.ts';

interface Kept extends KeptMessage {
  receives: number;
  receipt: string;
  hiddenUntil: number;
}

/**
 * A quarantine in memory.
 * @param now milliseconds since 1970, for visibility timeouts
 * @param keeper keeps its messages; undefined: they are lost when the process ends
 */
export function memoryQuarantine(
  now: () => number,
  keeper?: MessageKeeper,
): Quarantine & { readonly bodies: readonly string[] } {
  const messages = new Map<string, Kept>();
  let sent = lastNumber(keeper);

  const add = (message: KeptMessage): void => {
    messages.set(message.id, { ...message, receives: 0, receipt: '', hiddenUntil: 0 });
  };
  for (const message of keeper?.before ?? []) add(message);

  /** A receipt is valid until the message is received again. */
  const heldBy = ({ id, receipt }: HeldMessage): Kept | undefined => {
    const message = messages.get(id);
    return message?.receipt === receipt ? message : undefined;
  };

  return {
    get bodies() {
      return [...messages.values()].map(({ body }) => body);
    },
    send: async (bodies) => {
      checkMessages(bodies);
      for (const body of bodies) {
        const message = { id: `quarantined-${++sent}`, body, sentAt: now() };
        keeper?.save(message);
        add(message);
      }
      return bodies.map(() => undefined);
    },
    receive: async (milliseconds) => {
      const visible = [...messages.values()]
        .filter(({ hiddenUntil }) => hiddenUntil <= now())
        .slice(0, SQS_BATCH_ENTRIES);
      for (const message of visible) {
        message.receives++;
        message.receipt = `${message.id}#${message.receives}`;
        message.hiddenUntil = now() + milliseconds;
      }
      return visible.map(({ id, receipt, body, sentAt, receives }) => ({ id, receipt, body, sentAt, receives }));
    },
    release: async (held) => {
      checkEntries(held.length);
      for (const each of held) {
        const message = heldBy(each);
        if (message) message.hiddenUntil = 0;
      }
    },
    remove: async (held) => {
      checkEntries(held.length);
      for (const { id } of held.filter(heldBy)) {
        keeper?.remove(id);
        messages.delete(id);
      }
      return held.map(() => undefined);
    },
    count: async () => messages.size,
  };
}
