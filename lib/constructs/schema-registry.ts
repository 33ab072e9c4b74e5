import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import { REGISTRY_SCHEMA_CHARACTERS } from '../../core/limits/aws.ts';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';

/** Properties of SchemaRegistry. */
export interface SchemaRegistryProps {
  /** The deployment. */
  readonly config: Config;
  /** JSON Schema, draft 4, by the schema's name: `meridian.account@Deposited`. */
  readonly schemas: Readonly<Record<string, object>>;
}

/** The schema registry: developers find the domain's events in the console and in their IDE, and can generate code. */
export class SchemaRegistry extends Construct {
  constructor(scope: Construct, id: string, { config, schemas }: SchemaRegistryProps) {
    super(scope, id);
    const registry = new CfnRegistry(this, 'Registry', {
      registryName: namesOf(config.name).schemaRegistry,
      description: `The events of ${config.name}, as its bus delivers them`,
    });
    for (const [schemaName, schema] of Object.entries(schemas)) {
      const content = JSON.stringify(schema);
      if (content.length > REGISTRY_SCHEMA_CHARACTERS)
        throw new Error(
          `The schema ${schemaName} has ${content.length} characters; EventBridge accepts ${REGISTRY_SCHEMA_CHARACTERS}: ` +
            'make the event smaller, or leave the registry out with -c schemaRegistry=false.',
        );
      new CfnSchema(this, schemaName, {
        registryName: registry.attrRegistryName,
        schemaName,
        type: 'JSONSchemaDraft4',
        content,
        description: 'The current version. The folder schemas/messages of the project has every version.',
      });
    }
  }
}
