import type { HeldMessage, Quarantine } from '../../core/index.ts';
import { SQS_BATCH_ENTRIES } from '../../core/limits/aws.ts';
import { checkEntries, checkMessages } from '../store-rules/check-messages.ts';

interface Kept {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  receives: number;
  receipt: string;
  hiddenUntil: number;
}

/**
 * A quarantine in memory.
 * @param now milliseconds since 1970, for visibility timeouts
 */
export function memoryQuarantine(now: () => number): Quarantine & { readonly bodies: readonly string[] } {
  const messages = new Map<string, Kept>();
  let sent = 0;

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
        const id = `quarantined-${++sent}`;
        messages.set(id, { id, body, sentAt: now(), receives: 0, receipt: '', hiddenUntil: 0 });
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
      for (const each of held) if (heldBy(each)) messages.delete(each.id);
      return held.map(() => undefined);
    },
    count: async () => messages.size,
  };
}
