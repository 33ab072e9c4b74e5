import * as z from 'zod';
import { parseJson } from '../facts/json.ts';

export const quarantinedSchema = z.strictObject({ reason: z.string(), body: z.string() });

/** An unreadable message, with the reason. */
export type QuarantinedMessage = z.output<typeof quarantinedSchema>;

/** The stored form of an unreadable message. */
export function encodeQuarantined({ reason, body }: QuarantinedMessage): string {
  return JSON.stringify({ reason, body });
}

/** @returns undefined if it has another form: SQS moves messages to the quarantine unchanged */
export function parseQuarantined(kept: string): QuarantinedMessage | undefined {
  return quarantinedSchema.safeParse(parseJson(kept)).data;
}
