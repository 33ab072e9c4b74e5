import * as z from 'zod';

/** How far a run has come: where the next page starts. */
const placeSchema = z.strictObject({
  part: z.enum(['streams', 'decisions', 'views']),
  region: z.string(),
  view: z.string().exactOptional(),
  cursor: z.string().exactOptional(),
});

export type Place = z.output<typeof placeSchema>;

export function encodePlace(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @returns undefined if the text is not one that `encodePlace` returns */
export function parsePlace(text: string): Place | undefined {
  try {
    return placeSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())).data;
  } catch {
    return undefined;
  }
}

/** True if both are in the same part of the same Region. */
export function isSamePart(a: Place, b: Place): boolean {
  return a.part === b.part && a.region === b.region && a.view === b.view;
}
