import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { packageBin } from '../../project/package-bin.ts';
import type { Form } from './form.ts';
import { forms } from './forms.ts';
import { faultsOfSamples } from './gaps.ts';
import { asJson, currentVersion, fileOf, nameOf, readSamples, type Sample, SampleFault } from './samples.ts';
import { faultsOfUses } from './uses.ts';

/*
 * npm run compat -- --write   rewrites the samples of this version: each form from its meaning; for forms that only other
 *                             systems write, the meaning from the form. It also reports forms without a sample.
 */

async function sampleAgain({ form, means, ...sample }: Sample, of: Form): Promise<Sample> {
  if (of.write && sample.onlyRead === undefined) {
    const written = asJson(await of.write(means));
    const again = of.read ? asJson(await of.read(written)) : means;
    if (!isDeepStrictEqual(again, means))
      throw new Error(`It is read as ${JSON.stringify(again)}: change the meaning in its file.`);
    // The parts that differ between machines stay unchanged.
    const isSame = isDeepStrictEqual(comparable(of, form), comparable(of, written));
    return { ...sample, form: isSame ? form : written, means };
  }
  return { ...sample, form, means: of.read ? asJson(await of.read(form)) : means };
}

function comparable({ comparable }: Form, form: unknown): unknown {
  try {
    return comparable(form);
  } catch {
    return undefined;
  }
}

/** @returns the samples that could not be written, one line each */
async function writeSamples(): Promise<readonly string[]> {
  const files = readSamples(currentVersion);
  const faults: string[] = [];
  for (const [name, of] of forms) {
    const file = files.get(name);
    if (!file) {
      faults.push(...faultsOfSamples(name, of, file));
      continue;
    }
    for (const [key, sample] of Object.entries(file.samples))
      try {
        file.samples[key] = await sampleAgain(sample, of);
      } catch (error) {
        faults.push(`${nameOf(currentVersion, name)}: ${key}: ${error instanceof Error ? error.message : error}`);
      }
    faults.push(...faultsOfSamples(name, of, file));
    const path = fileOf(currentVersion, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(file, null, 2));
  }
  for (const name of files.keys())
    if (!forms.has(name))
      faults.push(
        `${nameOf(currentVersion, name)}: there is no such form: add it to test/compat/messages.ts or items.ts, or delete its file, and list the form in retired.ts if it was released.`,
      );
  return [...faults, ...(await faultsOfUses())];
}

/** @returns the faults, one line each: nothing is written for an unreadable file */
async function faultsOfWriting(): Promise<readonly string[]> {
  try {
    return await writeSamples();
  } catch (error) {
    if (error instanceof SampleFault) return [error.message];
    throw error;
  }
}

if (process.argv[2] !== '--write') {
  process.stderr.write('npm run compat -- --write   rewrites the samples of this version\n');
  process.exitCode = 2;
} else {
  const faults = await faultsOfWriting();
  const folder = dirname(fileOf(currentVersion, 'any'));
  const biome = packageBin(join(import.meta.dirname, '../..'), '@biomejs/biome', 'biome');
  spawnSync(process.execPath, [biome, 'format', '--write', folder]);
  process.stdout.write(faults.map((fault) => `${fault}\n`).join(''));
  process.exitCode = faults.length > 0 ? 1 : 0;
}
