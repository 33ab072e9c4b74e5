import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import * as z from 'zod';
import { readJsonFile } from './json-file.ts';

const manifestSchema = z.object({
  meridian: z
    .object({
      /** The file that exports `domain`, relative to package.json. */
      domain: z.string().default('streams/index.ts'),
      /** The folder that `meridian schemas` writes to. */
      schemas: z.string().default('schemas'),
      /** The file that exports `subscribers`, the only source for local and deployed runs. */
      subscribers: z.string().optional(),
      /** The file that exports `workload`, which `meridian record` runs. */
      workload: z.string().optional(),
      /** A file that exports `addCommands(program)`, which adds the project's own commands. */
      commands: z.string().optional(),
    })
    .optional(),
});

/** A project on Meridian: the nearest folder whose package.json has a member `meridian`. */
export interface Project {
  readonly folder: string;
  /** The path of the domain's file. */
  readonly domain: string;
  /** The folder of its schemas. */
  readonly schemas: string;
  /** The file of its subscribers. */
  readonly subscribers: string | undefined;
  /** The file of its workload. */
  readonly workload: string | undefined;
  readonly commands: string | undefined;
}

/** @returns undefined outside of a project @throws Error if package.json is not JSON, or its member `meridian` is malformed */
export function findProject(from: string): Project | undefined {
  const file = join(from, 'package.json');
  if (existsSync(file)) {
    const manifest = readJsonFile(file, manifestSchema);
    if ('fault' in manifest) throw new Error(`${file}: ${manifest.fault}`);
    const { meridian } = manifest.data;
    if (meridian)
      return {
        folder: from,
        domain: join(from, meridian.domain),
        schemas: join(from, meridian.schemas),
        subscribers: meridian.subscribers && join(from, meridian.subscribers),
        workload: meridian.workload && join(from, meridian.workload),
        commands: meridian.commands && join(from, meridian.commands),
      };
  }
  const parent = dirname(from);
  return parent === from ? undefined : findProject(parent);
}

/** Adds the project's own commands. */
export async function addProjectCommands(program: Command, { commands }: Project): Promise<void> {
  if (commands === undefined) return;
  const { addCommands }: { readonly addCommands?: (program: Command) => void } = await import(
    pathToFileURL(commands).href
  );
  if (typeof addCommands !== 'function') throw new Error(`${commands} exports no function addCommands(program).`);
  addCommands(program);
}
