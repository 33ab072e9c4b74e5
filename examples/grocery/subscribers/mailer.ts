import { type SubscribedEvent, subscriber } from '@meridian-es/meridian/lambda';
import * as z from 'zod';

/** A mail in the form that the mail service accepts. */
export interface Mail {
  /** The customer. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Sends a mail. @param key the mail service sends one mail per key, however often it is asked. @throws Error when it
 * did not accept the mail
 */
export type Send = (
  mail: Mail,
  key: string,
  environment: Readonly<Record<string, string | undefined>>,
) => Promise<void>;

// A subscriber depends on the events' released schemas, not on the code that decides them.
const placedSchema = z.object({
  customer: z.string(),
  lines: z.array(z.object({ article: z.string(), count: z.number(), cents: z.number() })),
});

/**
 * Sends a mail to the customer of each placed order. The subscriber runs in one Region; otherwise each Region would
 * send a mail. An event is handled once, unless the process ends right after sending: then it is handled again, and the
 * mail service recognizes the key.
 */
export function mailer(send: Send) {
  return subscriber({
    handle: async (event, { key, environment }) => {
      if (event.type === 'Placed') await send(confirmationOf(event), key, environment);
    },
  });
}

function confirmationOf({ stream, data }: SubscribedEvent): Mail {
  const { customer, lines } = placedSchema.parse(data);
  const total = lines.reduce((sum, { count, cents }) => sum + count * cents, 0);
  return {
    to: customer,
    subject: `Your order ${stream.slice('order/'.length)}`,
    text: [
      ...lines.map(({ article, count, cents }) => `${count} ${article}, ${cents} cents each`),
      `Together: ${total} cents`,
    ].join('\n'),
  };
}

/** Sends the mail to the mail service at MAIL_URL, with the key as `Idempotency-Key`. */
export const handler = mailer(async (mail, key, { MAIL_URL }) => {
  if (MAIL_URL === undefined) throw new Error('MAIL_URL is missing: set it in the environment of the mailer.');
  const { ok, status } = await fetch(MAIL_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(mail),
  });
  if (!ok) throw new Error(`The mail service answered ${status}.`);
});
