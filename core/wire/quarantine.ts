import * as z from 'zod';
import { parseJson } from '../facts/json.ts';

const reasonShape = { reason: z.string() };

/** An entry that the bus refused, with the reason. */
const refusedEntrySchema = z.strictObject({
  ...reasonShape,
  entry: z.strictObject({ source: z.string(), detailType: z.string(), detail: z.string() }),
});

export const quarantinedSchema = z.union([z.strictObject({ ...reasonShape, body: z.string() }), refusedEntrySchema]);

/** An unreadable message, or an entry that the bus refused, with the reason. */
export type QuarantinedMessage = z.output<typeof quarantinedSchema>;

/** The stored form of a quarantined message: whatever its text is, the queue accepts it. */
export function encodeQuarantined(message: QuarantinedMessage): string {
  const { reason } = message;
  const text = JSON.stringify('entry' in message ? { reason, entry: message.entry } : { reason, body: message.body });
  // JSON escapes halves of surrogate pairs by itself. In JSON, both characters occur in texts only.
  return text.replaceAll('\ufffe', '\\ufffe').replaceAll('\uffff', '\\uffff');
}

/** @returns undefined if it has another form: SQS moves messages to the quarantine unchanged */
export function parseQuarantined(kept: string): QuarantinedMessage | undefined {
  return quarantinedSchema.safeParse(parseJson(kept)).data;
}
