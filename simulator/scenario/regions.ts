/** The Regions of scenarios by the short names that files use: one set that allows strong decisions. */
export const REGIONS = { east: 'us-east-1', ohio: 'us-east-2', oregon: 'us-west-2' } as const;

const shortName = new RegExp(`(?<![\\w-])(${Object.keys(REGIONS).join('|')})(?![\\w-])`, 'g');
const fullName = new RegExp(Object.values(REGIONS).join('|'), 'g');

const shortNames: ReadonlyMap<string, string> = new Map(Object.entries(REGIONS).map(([short, full]) => [full, short]));
const fullNames: ReadonlyMap<string, string> = new Map(Object.entries(REGIONS));

/** A command with the Regions' own names: `account/east.ann` is `account/us-east-1.ann`. */
export function withFullNames(text: string): string {
  return text.replace(shortName, (name) => fullNames.get(name) ?? name);
}

/** Output with the Regions' short names. */
export function withShortNames(text: string): string {
  return text.replace(fullName, (name) => shortNames.get(name) ?? name);
}
