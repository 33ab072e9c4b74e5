// The names of a domain: they are parts of paths, of file names on every system, of the bus's source and detail-type, and of
// the names in an EventBridge schema registry. So one rule is as strict as the strictest of them.

import { MAX_NAME_CHARACTERS, MAX_TYPE_CHARACTERS } from '../limits/budgets.ts';

/** The name of a stream type or a view. */
const TYPE_NAME = /^[a-z][a-z0-9-]*$/;

/**
 * The name of an event or a command. Each word starts with a letter, so that the name of a file shows where the version
 * starts.
 */
const MEMBER_NAME = /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$/;

/** @throws Error if a stream type or a view cannot have this name */
export function checkTypeName(what: string, name: string): void {
  if (!TYPE_NAME.test(name) || name.length > MAX_TYPE_CHARACTERS)
    throw new Error(
      `${what} "${name}": use lower-case letters, digits and hyphens, starting with a letter, at most ${MAX_TYPE_CHARACTERS} characters.`,
    );
}

/**
 * Checks the names of all events, or of all commands, of a stream type.
 * @throws Error if one cannot be used, or if two differ only in case, which the file systems of some machines do not tell apart
 */
export function checkMemberNames(kind: 'Event' | 'Command', type: string, names: readonly string[]): void {
  const known = new Map<string, string>();
  for (const name of names) {
    if (!MEMBER_NAME.test(name) || name.length > MAX_NAME_CHARACTERS)
      throw new Error(
        `${kind} "${name}" of stream type ${type}: use letters (A-Z, a-z), digits, hyphens and underscores, in words that start with a letter and are separated by dots, at most ${MAX_NAME_CHARACTERS} characters.`,
      );
    const other = known.get(name.toLowerCase());
    if (other !== undefined)
      throw new Error(
        `${kind} "${name}" of stream type ${type}: its name differs from "${other}" only in case. Rename one of them.`,
      );
    known.set(name.toLowerCase(), name);
  }
}
