import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.ts';

/** Where the Regions of each deployment are kept, from the project's folder. It is committed. */
export const REGIONS_FILE = 'regions.json';

/** The Regions of each deployment by its name, primary first, as the last `npm run deploy` left them. */
const file = z.record(z.string(), z.array(z.string()).min(1));

const read = (path: string) => (existsSync(path) ? file.parse(JSON.parse(readFileSync(path, 'utf8'))) : {});

/** The Regions in which `name` is deployed, primary first; undefined before its first deploy. */
export const readDeployedRegions = (path: string, name: string): readonly string[] | undefined => read(path)[name];

const record = z.object({ name: z.string(), regions: z.array(z.string()).min(1), ephemeral: z.boolean() });
const manifest = z.object({ artifacts: z.record(z.string(), z.object({ properties: z.unknown().optional() })) });
const stackProperties = z.object({ templateFile: z.string() });
const recordedTemplate = z.object({ Metadata: z.object({ Meridian: record }) });

/** What the global stack's template tells about its deployment, so that whoever deployed it can keep it. */
export const deploymentRecord = ({ name, regions, ephemeral }: Config): { Meridian: z.infer<typeof record> } => ({
  Meridian: { name, regions: [...regions], ephemeral },
});

/**
 * Keeps the Regions of the deployment in a cloud assembly (`cdk.out`) that has just been deployed. Other deployments in the
 * file stay as they are; stacks to throw away are not kept.
 * @returns whether anything was written
 * @throws Error when the assembly has no global stack
 */
export function keepDeployedRegions(assembly: string, path: string): boolean {
  const json = (name: string): unknown => JSON.parse(readFileSync(join(assembly, name), 'utf8'));
  const deployment = Object.values(manifest.parse(json('manifest.json')).artifacts)
    .map(({ properties }) => stackProperties.safeParse(properties).data?.templateFile)
    .filter((template) => template !== undefined)
    .map((template) => recordedTemplate.safeParse(json(template)).data?.Metadata.Meridian)
    .find((found) => found !== undefined);
  if (deployment === undefined) throw new Error(`There is no global stack in ${assembly}.`);
  if (deployment.ephemeral) return false;
  const next = { ...read(path), [deployment.name]: deployment.regions };
  const sorted = Object.fromEntries(Object.entries(next).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(sorted, null, 2)}\n`);
  return true;
}

/**
 * Why CloudFormation could not, or must not, get from the deployed Regions to the wanted ones in one deploy.
 * @returns what is wrong and what to do; undefined where nothing is
 */
export function refuseRegionChange(
  deployed: readonly string[] | undefined,
  wanted: readonly string[],
): string | undefined {
  if (deployed === undefined) return undefined;
  const [was, is] = [deployed[0], wanted[0]];
  if (was !== is)
    return `The primary Region is ${was} and cannot become ${is}: CloudFormation would create the global tables anew. Put ${was} first in "regions" again.`;
  const added = wanted.filter((region) => !deployed.includes(region)).map((region) => `+${region}`);
  const removed = deployed.filter((region) => !wanted.includes(region)).map((region) => `-${region}`);
  const changes = [...added, ...removed];
  if (changes.length <= 1) return undefined;
  return `CloudFormation changes one replica of a global table per update, these are ${changes.length}: ${changes.join(' ')}. Change one Region in "regions", run npm run deploy, commit regions.json, then change the next.`;
}
