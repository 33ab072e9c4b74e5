import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { z } from 'zod';
import { projectedTypes } from '../../core/index.ts';
import { parseConfig } from '../../lib/config.ts';
import type { Deployed } from '../../lib/deployed-regions.ts';
import { addMeridian, type MeridianProps, type MeridianStacks, ownOf } from '../../lib/meridian.ts';
import { registrySchemas } from '../../schemas/documents.ts';
import { toyDomain } from '../../testing/toy.ts';
import { TemplateReader } from './template.ts';

const reportSchema = z.object({ pluginReports: z.array(z.object({ violations: z.array(z.unknown()) })) });
const cdkJsonSchema = z.object({ context: z.record(z.string(), z.unknown()) });

/** The context that `cdk` would give the app, with keys laid over it, and without bundling: templates do not show code. */
function contextOf(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    ...cdkJsonSchema.parse(JSON.parse(readFileSync('cdk.json', 'utf8'))).context,
    'aws:cdk:bundling-stacks': [],
    ...overrides,
  };
}

/** A subscriber for templates: the starter's file, for the toy's notes. */
export const aSubscriber = { entry: resolve('starter/subscribers/picker.ts'), streamTypes: ['note'] };

export interface Synthesized extends MeridianStacks {
  /** The warnings of the checks. */
  readonly findings: readonly unknown[];
  readonly globalTemplate: Template;
  /** In the order of the configuration. */
  readonly regionTemplates: readonly Template[];
  /** In the same order. */
  readonly forwardingTemplates: readonly Template[];
}

/** The two stacks of each Region, in the order of the configuration. */
export function regionsOf({ regionTemplates, forwardingTemplates }: Synthesized): readonly TemplateReader[] {
  return regionTemplates.map((template, i) => new TemplateReader(template, ...forwardingTemplates.slice(i, i + 1)));
}

/** The stacks of the first Region, which represents all where they are alike. */
export function firstRegionOf(synthesized: Synthesized): TemplateReader {
  const [first] = regionsOf(synthesized);
  if (first === undefined) throw new Error('there is no Region');
  return first;
}

export interface SynthesizeOptions {
  readonly context?: Readonly<Record<string, unknown>>;
  readonly deployed?: Deployed;
  /** Whether CloudFormation's own rules are checked too; they take most of the time. */
  readonly cloudFormationRules?: boolean;
  /** @default those of the toy domain */
  readonly projectedTypes?: Iterable<string>;
  /** @default those of the toy domain's events */
  readonly eventSchemas?: Readonly<Record<string, object>>;
  /** The stream types in mode `strong`. @default none */
  readonly strongTypes?: readonly string[];
  /** @default those of the toy domain */
  readonly streamTypes?: readonly string[];
  /** @default there are none */
  readonly subscribers?: MeridianProps['subscribers'];
  /** @default there are none */
  readonly functions?: MeridianProps['functions'];
  /** Changes the stacks before they are synthesized. */
  readonly change?: (stacks: MeridianStacks) => void;
}

/** What this process has synthesized, by the options: files that run in one worker share it. */
const made = new Map<string, Synthesized>();

/**
 * The stacks of the toy domain, with the configuration of `cdk.json`. Options without functions are synthesized once: only read
 * what is returned. @throws Error if a check refuses the stacks
 */
export function synthesize(options: SynthesizeOptions = {}): Synthesized {
  const key = keyOf(options);
  const known = key === undefined ? undefined : made.get(key);
  if (known) return known;
  const synthesized = synthesizeAgain(options);
  if (key !== undefined) made.set(key, synthesized);
  return synthesized;
}

/** Options as text; undefined if they contain a function, which text does not identify. */
function keyOf({ projectedTypes: types, ...options }: SynthesizeOptions): string | undefined {
  let isText = true;
  const key = JSON.stringify({ ...options, types: types && [...types] }, (_, value: unknown) => {
    if (typeof value === 'function') isText = false;
    return value;
  });
  return isText ? key : undefined;
}

/** Synthesizes in a separate folder. */
function synthesizeAgain({
  context,
  deployed,
  cloudFormationRules = false,
  projectedTypes: types = projectedTypes(toyDomain),
  eventSchemas = registrySchemas(toyDomain),
  strongTypes,
  streamTypes = [...toyDomain.streams.keys()],
  change,
  subscribers,
  functions,
}: SynthesizeOptions): Synthesized {
  const outdir = mkdtempSync(join(tmpdir(), 'meridian-cdk-'));
  try {
    const app = new App({ context: contextOf(context), builtinCloudFormationValidation: cloudFormationRules, outdir });
    const config = parseConfig({
      context: (key) => app.node.tryGetContext(key),
      ...(strongTypes && { strongTypes }),
    });
    const stacks = addMeridian(app, {
      config,
      projectedTypes: [...types].sort(),
      eventSchemas,
      own: ownOf({ subscribers, functions }, { regions: config.regions, streamTypes }),
      deployed,
    });
    change?.(stacks);
    app.synth();
    const { pluginReports } = reportSchema.parse(
      JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')),
    );
    return {
      ...stacks,
      findings: pluginReports.flatMap(({ violations }) => violations),
      globalTemplate: Template.fromStack(stacks.global),
      regionTemplates: stacks.regions.map((stack) => Template.fromStack(stack)),
      forwardingTemplates: stacks.forwarding.map((stack) => Template.fromStack(stack)),
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
