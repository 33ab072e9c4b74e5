import { didYouMean } from '../facts/did-you-mean.ts';

// The compiler checks definitions, but the processes that load them strip types: these checks find misspelt members.

/** All members of a definition, and whether each is required. */
export type Members<Definition> = { readonly [Name in keyof Required<Definition>]: 'required' | 'optional' };

/** A sentence, without its full stop, for each member of a definition that is not known, and for each required one that is missing. */
export function memberFaults<Definition extends object>(
  definition: Definition,
  members: Members<Definition>,
): readonly string[] {
  const known = Object.keys(members);
  return [
    ...Object.keys(definition)
      .filter((name) => !known.includes(name))
      .map((name) => `there is no member ${name}${didYouMean(name, known)} Choose from ${known.join(', ')}`),
    ...Object.entries(members)
      .filter(([name, need]) => need === 'required' && !(name in definition))
      .map(([name]) => `the member ${name} is missing`),
  ];
}

/** @throws Error with the first fault of the members of a definition */
export function checkMembers<Definition extends object>(
  what: string,
  definition: Definition,
  members: Members<Definition>,
): void {
  const [fault] = memberFaults(definition, members);
  if (fault !== undefined) throw new Error(`${what}: ${fault}.`);
}

/** @throws Error if a member's value is none of those that it may have */
export function checkValue(what: string, value: unknown, known: readonly string[]): void {
  if (known.some((each) => each === value)) return;
  throw new Error(
    `${what} is ${JSON.stringify(value)}${didYouMean(String(value), known)} Choose from ${known.join(', ')}.`,
  );
}
