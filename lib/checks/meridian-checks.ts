import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { z } from 'zod';
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
  readonly ruleIds = ['PointInTimeRecovery', 'OneRegionAtATime', 'DecisionsStay', 'LimitsFit'];
  readonly #props: MeridianChecksProps;

  constructor(props: MeridianChecksProps) {
    this.#props = props;
  }

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = [
      ...context.templatePaths.flatMap((path) => replicasWithoutRecovery(path)),
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

/** cdk-nag checks `AWS::DynamoDB::Table` only. */
function replicasWithoutRecovery(templatePath: string): PolicyViolation[] {
  const { Resources } = templateSchema.parse(JSON.parse(readFileSync(templatePath, 'utf8')));
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
