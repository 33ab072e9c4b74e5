import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { z } from 'zod';
import {
  EVENT_PATTERN_CHARACTERS,
  SQS_BATCH_BYTES,
  TEMPLATE_BYTES,
  TEMPLATE_RESOURCES,
} from '../../core/limits/aws.ts';
import { LIMITS, type Limits, limitFaults } from '../../core/limits/relations.ts';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { type Deployed, refuseDecisionsChange, refuseRegionChange } from '../deployed-regions.ts';

/** Properties of MeridianChecks. */
export interface MeridianChecksProps {
  /** The deployment to check. */
  readonly config: Config;
  /** The state that the last deploy left; undefined before the first one. */
  readonly deployed: Deployed | undefined;
  /** @default the limits in use */
  readonly limits?: Limits;
}

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});
const globalTableSchema = z.object({
  Replicas: z.array(
    z.object({
      Region: z.unknown(),
      PointInTimeRecoverySpecification: z.object({ PointInTimeRecoveryEnabled: z.unknown() }).optional(),
    }),
  ),
});

/**
 * Refuses, at synth time, faults that neither the CDK nor cdk-nag refuses. It reads the templates, so that changes by
 * escape hatches are checked too.
 */
export class MeridianChecks implements IPolicyValidationPlugin {
  readonly name = 'Meridian';
  readonly ruleIds = [
    ...['PointInTimeRecovery', 'OneRegionAtATime', 'DecisionsStay', 'LimitsFit'],
    ...['TemplateFits', 'PatternFits', 'QueueHoldsEvents'],
  ];
  readonly #props: MeridianChecksProps;

  constructor(props: MeridianChecksProps) {
    this.#props = props;
  }

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = [
      ...context.templatePaths.flatMap((path) => faultsInTemplate(path)),
      ...this.#changes(context),
      ...this.#limits(context),
    ];
    return { success: violations.length === 0, violations };
  }

  /**
   * Finds forbidden changes of the deployed state. Ephemeral stacks are not checked, because their state is not
   * recorded.
   */
  #changes(context: IPolicyValidationContext): PolicyViolation[] {
    const { config, deployed } = this.#props;
    if (config.ephemeral || deployed === undefined) return [];
    const refusals = {
      OneRegionAtATime: refuseRegionChange(deployed.regions, config.regions),
      DecisionsStay: refuseDecisionsChange(deployed.decisions, config.decisions),
    };
    return Object.entries(refusals)
      .filter(([, description]) => description !== undefined)
      .map(([ruleName, description = '']) => this.#violation(context, ruleName, description));
  }

  /** Finds callers that time out before their callees do. */
  #limits(context: IPolicyValidationContext): PolicyViolation[] {
    return limitFaults(this.#props.limits ?? LIMITS).map((fault) => this.#violation(context, 'LimitsFit', fault));
  }

  /** Reports a fault of the deployment as a whole. */
  #violation({ stackTemplates }: IPolicyValidationContext, ruleName: string, description: string): PolicyViolation {
    const { globalStack } = namesOf(this.#props.config.name);
    const stack = stackTemplates.find(({ stackConstructPath }) => stackConstructPath === globalStack);
    return {
      ruleName,
      severity: 'error',
      description,
      violatingResources: [{ constructPath: stack?.stackConstructPath ?? '', locations: [] }],
    };
  }
}

function faultsInTemplate(templatePath: string): PolicyViolation[] {
  const text = readFileSync(templatePath, 'utf8');
  const { Resources } = templateSchema.parse(JSON.parse(text));
  return [
    ...replicasWithoutRecovery(templatePath, Resources),
    ...tooLargeFor(templatePath, Buffer.byteLength(text), Object.keys(Resources)),
    ...longPatterns(templatePath, Resources),
    ...smallQueues(templatePath, Resources),
  ];
}

type Resources = z.output<typeof templateSchema>['Resources'];

function tooLargeFor(templatePath: string, bytes: number, ids: readonly string[]): PolicyViolation[] {
  const faults = [
    ...(bytes > TEMPLATE_BYTES ? [`${bytes} bytes; the limit is ${TEMPLATE_BYTES}`] : []),
    ...(ids.length > TEMPLATE_RESOURCES ? [`${ids.length} resources; the limit is ${TEMPLATE_RESOURCES}`] : []),
  ];
  return faults.map((fault) => ({
    ruleName: 'TemplateFits',
    severity: 'error',
    description: `CloudFormation refuses this template: it has ${fault}. Move resources of your own to another stack; leave the schema registry out with -c schemaRegistry=false.`,
    violatingResources: [{ resourceLogicalId: ids[0] ?? '', templatePath, locations: [] }],
  }));
}

function longPatterns(templatePath: string, resources: Resources): PolicyViolation[] {
  return Object.entries(resources)
    .map(([id, { Type, Properties }]) => ({ id, Type, length: JSON.stringify(Properties?.EventPattern ?? {}).length }))
    .filter(({ Type, length }) => Type === 'AWS::Events::Rule' && length > EVENT_PATTERN_CHARACTERS)
    .map(({ id, length }) => ({
      ruleName: 'PatternFits',
      severity: 'error',
      description: `The event pattern has ${length} characters; EventBridge accepts ${EVENT_PATTERN_CHARACTERS}. Match a prefix, or use several rules.`,
      violatingResources: [{ resourceLogicalId: id, templatePath, locations: ['Properties/EventPattern'] }],
    }));
}

/** An event grows on the way to a queue, by the members that EventBridge adds: only the largest size holds each of them. */
function smallQueues(templatePath: string, resources: Resources): PolicyViolation[] {
  return Object.entries(resources)
    .map(([id, { Type, Properties }]) => ({ id, Type, size: Properties?.MaximumMessageSize ?? SQS_BATCH_BYTES }))
    .filter(({ Type, size }) => Type === 'AWS::SQS::Queue' && !(Number(size) >= SQS_BATCH_BYTES))
    .map(({ id, size }) => ({
      ruleName: 'QueueHoldsEvents',
      severity: 'error',
      description: `The queue accepts messages of ${String(size)} bytes, and loses larger events of the bus. Leave MaximumMessageSize out: the default is ${SQS_BATCH_BYTES}.`,
      violatingResources: [{ resourceLogicalId: id, templatePath, locations: ['Properties/MaximumMessageSize'] }],
    }));
}

/** cdk-nag checks `AWS::DynamoDB::Table` only. */
function replicasWithoutRecovery(templatePath: string, Resources: Resources): PolicyViolation[] {
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === 'AWS::DynamoDB::GlobalTable')
    .flatMap(([resourceLogicalId, { Properties }]) => {
      const regions = globalTableSchema
        .parse(Properties)
        .Replicas.filter((replica) => replica.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled !== true)
        .map(({ Region }) => (typeof Region === 'string' ? Region : JSON.stringify(Region)));
      if (regions.length === 0) return [];
      return {
        ruleName: 'PointInTimeRecovery',
        severity: 'error',
        description: `Replicas without point-in-time recovery: ${regions.join(', ')}. Set pointInTimeRecoverySpecification on the table, and do not override it on a replica.`,
        violatingResources: [{ resourceLogicalId, templatePath, locations: ['Properties/Replicas'] }],
      };
    });
}
