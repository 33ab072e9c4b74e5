/**
 * The form in which an event's data is stored: JSON as text, so that every value comes back exactly.
 * @returns undefined for an event without data, which JSON cannot say
 */
export function encodeEventData(data: unknown): string | undefined {
  return JSON.stringify(data);
}

export function decodeEventData(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}
