/** Why no scenario shows a statement of the guarantees: by heading, and by the beginning of the statement. */
export const NOT_SHOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {};
