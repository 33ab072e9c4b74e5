import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import * as z from 'zod';
import { readOptions } from './options.ts';
import { packPackage, STAGE } from './pack.ts';

// `npm run api-report`: the public surface of every entry point, as the declarations of the built package have it, compared with api/.

const REPORTS = fileURLToPath(new URL('../api', import.meta.url));
const WORK = fileURLToPath(new URL('../node_modules/.cache/api-report', import.meta.url));

const manifestSchema = z.object({
  exports: z.record(z.string(), z.union([z.string(), z.looseObject({ types: z.string() })])),
});

/** The entry points of the built package that have types: their declarations by the name of their report. */
export function entryPoints(stage: string): ReadonlyMap<string, string> {
  const { exports } = manifestSchema.parse(JSON.parse(readFileSync(join(stage, 'package.json'), 'utf8')));
  return new Map(
    Object.entries(exports).flatMap(([entry, target]) =>
      typeof target === 'string' ? [] : [[entry === '.' ? 'meridian' : entry.slice(2), join(stage, target.types)]],
    ),
  );
}

function configOf(stage: string, reports: string, name: string, declarations: string): ExtractorConfig {
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: stage,
      mainEntryPointFilePath: declarations,
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2025',
            lib: ['es2025'],
            module: 'nodenext',
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          include: [declarations],
        },
      },
      apiReport: {
        enabled: true,
        reportFolder: reports,
        reportTempFolder: WORK,
        reportFileName: name,
        // Includes types that signatures name and the entry point does not export. Those of the world would be the
        // whole engine.
        includeForgottenExports: name !== 'world',
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(stage, 'package.json'),
  });
}

interface ReportOptions {
  /** Writes the reports instead of comparing them. @default false */
  readonly write?: boolean;
  /** Their folder. @default api/ */
  readonly reports?: string;
}

/**
 * Compares the public surface of the built package with the reports, or writes them. @returns the differences, one line each
 */
export function reportApi(stage: string, { write = false, reports = REPORTS }: ReportOptions = {}): readonly string[] {
  const configs = [...entryPoints(stage)].map(([name, declarations]) => configOf(stage, reports, name, declarations));
  const [first] = configs;
  if (!first) return ['The package has no entry points.'];
  for (const folder of [WORK, reports]) mkdirSync(folder, { recursive: true });
  // All entry points are compiled together.
  const compilerState = CompilerState.create(first, {
    additionalEntryPoints: configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
  });
  const faults: string[] = [];
  for (const config of configs) {
    const { apiReportChanged } = Extractor.invoke(config, {
      localBuild: write,
      compilerState,
      messageCallback: (message) => {
        if (message.logLevel === ExtractorLogLevel.Error) faults.push(message.text);
        message.handled = true;
      },
    });
    if (apiReportChanged && !write) faults.push(...differences(config));
  }
  const current = configs.map(({ reportFilePath }) => basename(reportFilePath));
  for (const left of globSync('*.api.md', { cwd: reports }).filter((file) => !current.includes(file))) {
    if (write) rmSync(join(reports, left));
    else faults.push(`api/${left} belongs to no entry point`);
  }
  return faults;
}

function differences({ reportFilePath, reportTempFilePath }: ExtractorConfig): readonly string[] {
  const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/) : []);
  const [before, after] = [linesOf(reportFilePath), linesOf(reportTempFilePath)];
  return [
    `The public API is not what api/${basename(reportFilePath)} says: run \`npm run api-report -- --write\`, and add a line to CHANGELOG.md`,
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
}

if (import.meta.main) {
  const { write } = readOptions('Usage: npm run api-report -- [--write]', {
    write: { type: 'boolean', default: false },
  });
  packPackage();
  const faults = reportApi(STAGE, { write });
  process.stdout.write(faults.map((line) => `${line}\n`).join(''));
  process.exitCode = faults.length > 0 ? 1 : 0;
}
