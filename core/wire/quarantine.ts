import * as z from 'zod';

export const wrappedSchema = z.strictObject({ reason: z.string(), body: z.string() });

/** How what cannot be read is kept: with the reason. */
export function quarantinedBody(reason: string, body: string): string {
  return JSON.stringify({ reason, body });
}
