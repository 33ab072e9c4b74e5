/**
 * The stored form of an event's data: JSON text, so that every value is preserved exactly.
 * @returns undefined for an event without data, which JSON cannot represent
 */
export function encodeEventData(data: unknown): string | undefined {
  return JSON.stringify(data);
}

export function decodeEventData(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}
