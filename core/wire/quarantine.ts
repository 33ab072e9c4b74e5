import * as z from 'zod';
import { parseJson } from '../facts/json.ts';

export const quarantinedSchema = z.strictObject({ reason: z.string(), body: z.string() });

/** An unreadable message, with the reason. */
export type QuarantinedMessage = z.output<typeof quarantinedSchema>;

/** The stored form of an unreadable message: whatever its text is, the queue accepts it. */
export function encodeQuarantined({ reason, body }: QuarantinedMessage): string {
  // JSON escapes halves of surrogate pairs by itself. In JSON, both characters occur in texts only.
  return JSON.stringify({ reason, body }).replaceAll('\ufffe', '\\ufffe').replaceAll('\uffff', '\\uffff');
}

/** @returns undefined if it has another form: SQS moves messages to the quarantine unchanged */
export function parseQuarantined(kept: string): QuarantinedMessage | undefined {
  return quarantinedSchema.safeParse(parseJson(kept)).data;
}
