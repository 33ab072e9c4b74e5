import * as z from 'zod';
import { parseJson } from '../facts/json.ts';

export const quarantinedSchema = z.strictObject({ reason: z.string(), body: z.string() });

/** A message that cannot be read, with the reason. */
export type QuarantinedMessage = z.output<typeof quarantinedSchema>;

/** How what cannot be read is kept. */
export function encodeQuarantined({ reason, body }: QuarantinedMessage): string {
  return JSON.stringify({ reason, body });
}

/** @returns undefined when it was not kept by us: SQS moves messages here as they are */
export function parseQuarantined(kept: string): QuarantinedMessage | undefined {
  return quarantinedSchema.safeParse(parseJson(kept)).data;
}
