import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DECISIONS } from '../core/names.ts';
import type { Config } from './config.ts';

/** The file that records the Regions of each deployment, relative to the project's folder. It is committed. */
export const REGIONS_FILE = 'regions.json';

const regionsSchema = z.array(z.string()).min(1);
const decisionsSchema = z.enum(DECISIONS);
const deployedSchema = z.object({ regions: regionsSchema, decisions: decisionsSchema.exactOptional() });

/** A deployment's state, which the next deploy is compared with. */
export interface Deployed {
  /** The Regions, the primary first. */
  readonly regions: readonly string[];
  /** The replication of the transactions table; undefined if there is no such table yet. */
  readonly decisions?: Config['decisions'];
}

/**
 * The state of each deployment, by its name, as the last `meridian deploy` left it; older files list only the Regions.
 */
const fileSchema = z.record(
  z.string(),
  z.union([regionsSchema.transform((list): z.infer<typeof deployedSchema> => ({ regions: list })), deployedSchema]),
);

function read(path: string) {
  return existsSync(path) ? fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) : {};
}

/** The state of the deployment `name`; undefined before its first deploy. */
export function readDeployed(path: string, name: string): Deployed | undefined {
  return read(path)[name];
}

const recordSchema = z.object({
  name: z.string(),
  regions: regionsSchema,
  decisions: decisionsSchema,
  ephemeral: z.boolean(),
});
const manifestSchema = z.object({ artifacts: z.record(z.string(), z.object({ properties: z.unknown().optional() })) });
const stackPropertiesSchema = z.object({ templateFile: z.string() });
const recordedTemplateSchema = z.object({ Metadata: z.object({ Meridian: recordSchema }) });

/** Writes the deployment's state into the global stack's template, from which a deploy saves it. */
export function deploymentRecord(config: Config): { Meridian: z.infer<typeof recordSchema> } {
  return {
    Meridian: {
      name: config.name,
      regions: [...config.regions],
      decisions: config.decisions,
      ephemeral: config.ephemeral,
    },
  };
}

/**
 * Saves the state of every deployment in a cloud assembly (`cdk.out`) that has just been deployed: an app may have several
 * `Meridian` constructs. Other deployments in the file are unchanged; ephemeral stacks are not recorded.
 * @returns whether anything was written
 * @throws Error when the assembly has no global stack
 */
export function keepDeployed(assembly: string, path: string): boolean {
  const json = (name: string): unknown => JSON.parse(readFileSync(join(assembly, name), 'utf8'));
  const found = Object.values(manifestSchema.parse(json('manifest.json')).artifacts)
    .map(({ properties }) => stackPropertiesSchema.safeParse(properties).data?.templateFile)
    .filter((template) => template !== undefined)
    .map((template) => recordedTemplateSchema.safeParse(json(template)).data?.Metadata.Meridian)
    .filter((record) => record !== undefined);
  if (found.length === 0) throw new Error(`There is no global stack in ${assembly}.`);
  const kept = found.filter(({ ephemeral }) => !ephemeral);
  if (kept.length === 0) return false;
  const next = { ...read(path), ...Object.fromEntries(kept.map(({ name, ephemeral: _, ...rest }) => [name, rest])) };
  const sorted = Object.fromEntries(Object.entries(next).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(sorted, null, 2)}\n`);
  return true;
}

/**
 * Why CloudFormation cannot, or must not, change the deployed Regions to the wanted ones in one deploy. @returns what is wrong
 * and what to do; undefined if nothing is
 */
export function refuseRegionChange(deployed: readonly string[], wanted: readonly string[]): string | undefined {
  const [was, is] = [deployed[0], wanted[0]];
  if (was !== is)
    return `The primary Region is ${was} and cannot become ${is}: CloudFormation would create new global tables. Put ${was} first in "regions" again.`;
  const added = wanted.filter((region) => !deployed.includes(region)).map((region) => `+${region}`);
  const removed = deployed.filter((region) => !wanted.includes(region)).map((region) => `-${region}`);
  const changes = [...added, ...removed];
  if (changes.length <= 1) return undefined;
  return `CloudFormation changes one replica of a global table per update, but this would change ${changes.length}: ${changes.join(' ')}. Change one Region in "regions", run npx meridian deploy, commit regions.json, then change the next.`;
}

/**
 * Why the existing transactions table cannot be changed to the wanted replication. @returns what is wrong and what to do;
 * undefined if nothing is
 */
export function refuseDecisionsChange(
  was: Config['decisions'] | undefined,
  is: Config['decisions'],
): string | undefined {
  if (was === undefined || was === is) return undefined;
  const keep =
    was === 'strong'
      ? 'A table with strong consistency keeps the three Regions that it was made in: write them into "regions" again, and leave "decisions" out.'
      : 'Write "decisions": "eventual" into cdk.json.';
  return `The transactions table was made with "decisions": "${was}" and cannot become "${is}": DynamoDB sets the consistency of a global table once. ${keep} To change it, deploy under another "name" and move there.`;
}
