import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import { ownPackage } from '../../project/own-package.ts';
import type { Config } from '../config.ts';
import type { Command } from './command.ts';
import type { ConflictsReplica } from './conflicts-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import { grantTransacting, type Transacting } from './transacting.ts';
import type { ViewsTable } from './views-table.ts';

/** Properties of Api. */
export interface ApiProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The resources for appends and transactions. */
  readonly transacting: Transacting;
  /** The read models. */
  readonly views: ViewsTable;
  /** The ledger of conflicts. */
  readonly conflicts: ConflictsReplica;
  /** The command functions of the other Regions. */
  readonly command: Command;
}

/** The HTTP API of a Region: a Function URL that takes requests signed by IAM. */
export class Api extends Construct {
  /** The URL. */
  readonly url: string;
  readonly #config: Config;
  readonly #region: string;
  readonly #function: MeridianFunction;

  constructor(scope: Construct, id: string, { config, region, transacting, views, conflicts, command }: ApiProps) {
    super(scope, id);
    const names = namesOf(config.name);
    this.#config = config;
    this.#region = region;
    this.#function = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'api',
      reservedConcurrency: config.apiConcurrency,
      description: "The Region's HTTP API",
      environment: {
        ...transacting.environment,
        VIEWS_TABLE: names.viewsTable,
        CONFLICTS_TABLE: names.conflictsTable,
        COMMAND_FUNCTION: names.function('command'),
        MERIDIAN_VERSION: ownPackage().version,
      },
    });
    const { role } = this.#function;
    grantTransacting(role, transacting);
    views.grantRead(role);
    conflicts.grantRead(role);
    command.grantInvokeElsewhere(role);
    this.url = this.#function.function.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM }).url;
  }

  /**
   * Lets a role call the API of this Region. The role may belong to any stack, because it refers to the API by name.
   */
  grantInvoke(grantee: IGrantable): void {
    this.#grantInvoke(grantee, [this.#region]);
  }

  /** Lets a role call the API of every Region. */
  grantInvokeEverywhere(grantee: IGrantable): void {
    this.#grantInvoke(grantee, this.#config.regions);
  }

  /** Lets a role look up the URLs of the other Regions' APIs. */
  grantFindElsewhere(grantee: IGrantable): void {
    const others = this.#config.regions.filter((region) => region !== this.#region);
    Grant.addToPrincipal({
      grantee,
      actions: ['lambda:GetFunctionUrlConfig'],
      resourceArns: this.#function.arnsIn(others),
    });
  }

  /** A Function URL requires both permissions. */
  #grantInvoke(grantee: IGrantable, regions: readonly string[]): void {
    const resourceArns = this.#function.arnsIn(regions);
    Grant.addToPrincipal({
      grantee,
      actions: ['lambda:InvokeFunctionUrl'],
      resourceArns,
      conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': FunctionUrlAuthType.AWS_IAM } },
    });
    Grant.addToPrincipal({
      grantee,
      actions: ['lambda:InvokeFunction'],
      resourceArns,
      conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': true } },
    });
  }
}
