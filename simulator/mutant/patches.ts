import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** The folder of the patches, below the root of the repository. */
const FOLDER = 'mutants';
const SUFFIX = '.patch';

/** What can find a mutant. */
const FINDERS = ['simulator', 'scenarios'] as const;

const headerSchema = z.strictObject({
  'Found-by': z.enum(FINDERS),
  /** Of the simulator; `mixed`: each profile in turn. */
  Profile: z.string().optional(),
  /** The scenario files that are played, separated by spaces. */
  Scenarios: z.string().optional(),
  /** Histories from seed 1 in which it is found. */
  Within: z.coerce.number().int().positive(),
  /** The property that was broken first when this was last measured, and in which history that was. */
  Property: z.string().optional(),
  Histories: z.coerce.number().int().positive().optional(),
  /** Why nothing can find it. */
  Equivalent: z.string().optional(),
});

/** A fault that a patch puts into the protocol. */
export interface Mutant {
  readonly name: string;
  /** Which rule is off, in a sentence or two. */
  readonly rule: string;
  readonly finder: (typeof FINDERS)[number];
  /** The profile of the simulator, or the names of scenarios. */
  readonly where: string;
  readonly within: number;
  readonly property: string | undefined;
  readonly histories: number | undefined;
  readonly equivalent: string | undefined;
  readonly text: string;
}

/** The mutants of a repository, by name. @throws Error that names the patch whose header is not complete */
export function loadMutants(root: string): readonly Mutant[] {
  return readdirSync(join(root, FOLDER))
    .filter((file) => file.endsWith(SUFFIX))
    .sort()
    .map((file) => parseMutant(file.slice(0, -SUFFIX.length), readFileSync(join(root, FOLDER, file), 'utf8')));
}

/** The path of a mutant's patch below the root of the repository. */
export function patchOf(name: string): string {
  return join(FOLDER, `${name}${SUFFIX}`);
}

/**
 * Reads a patch: a paragraph that states the rule, a paragraph of `Name: value` lines, and the diff.
 * @throws Error if the header is not complete
 */
export function parseMutant(name: string, text: string): Mutant {
  const [rule = '', fields = ''] = headerIn(text).split(/\n\s*\n/);
  const lines = fields.split('\n').map((line) => line.split(/: (.*)/s));
  const header = headerSchema.safeParse(Object.fromEntries(lines.map(([field, value = '']) => [field, value])));
  if (!header.success) throw new Error(`${patchOf(name)}: ${z.prettifyError(header.error)}`);
  const { 'Found-by': finder, Profile, Scenarios, Within, Property, Histories, Equivalent } = header.data;
  const where = finder === 'simulator' ? Profile : Scenarios;
  if (rule === '' || where === undefined)
    throw new Error(`${patchOf(name)}: state the rule, and ${finder === 'simulator' ? 'Profile' : 'Scenarios'}.`);
  return {
    ...{ name, rule: rule.replaceAll('\n', ' '), finder, where, within: Within, text },
    ...{ property: Property, histories: Histories, equivalent: Equivalent },
  };
}

/** Everything before the diff. */
function headerIn(text: string): string {
  return text.slice(0, text.indexOf('diff --git ')).trim();
}

/** The text of a patch that states what finds it now. */
export function remeasured({ text }: Mutant, property: string, histories: number): string {
  const header = headerIn(text);
  const others = header.split('\n').filter((line) => !/^(Property|Histories): /.test(line));
  return `${[...others, `Property: ${property}`, `Histories: ${histories}`].join('\n')}\n\n${text.slice(text.indexOf('diff --git '))}`;
}
