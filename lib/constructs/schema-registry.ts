import { NestedStack } from 'aws-cdk-lib';
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

/** The most that one template gets of a registry: far below what CloudFormation accepts, which other resources need, too. */
const PART = { schemas: 100, characters: 300_000 };

/**
 * The schema registry: developers find the domain's events in the console and in their IDE, and can generate code. A
 * large domain has several registries, all but the first in nested stacks.
 */
export class SchemaRegistry extends Construct {
  constructor(scope: Construct, id: string, { config, schemas }: SchemaRegistryProps) {
    super(scope, id);
    const name = namesOf(config.name).schemaRegistry;
    for (const [i, part] of partsOf(schemas).entries()) {
      const place = i === 0 ? this : new NestedStack(this, `Part${i + 1}`);
      // A schema that moves to another part is created there before it is deleted here: the registries' names differ.
      const registry = new CfnRegistry(place, 'Registry', {
        registryName: i === 0 ? name : `${name}.${i + 1}`,
        description: `The events of ${config.name}, as its bus delivers them`,
      });
      for (const { schemaName, content } of part)
        new CfnSchema(place, schemaName, {
          registryName: registry.attrRegistryName,
          schemaName,
          type: 'JSONSchemaDraft4',
          content,
          description: 'The current version. The folder schemas/messages of the project has every version.',
        });
    }
  }
}

interface NamedSchema {
  readonly schemaName: string;
  readonly content: string;
}

/** @throws Error if EventBridge would refuse a schema during the deploy */
function partsOf(schemas: SchemaRegistryProps['schemas']): readonly (readonly NamedSchema[])[] {
  const parts: NamedSchema[][] = [[]];
  let characters = 0;
  for (const [schemaName, schema] of Object.entries(schemas)) {
    const content = JSON.stringify(schema);
    if (content.length > REGISTRY_SCHEMA_CHARACTERS)
      throw new Error(
        `The schema ${schemaName} has ${content.length} characters; EventBridge accepts ${REGISTRY_SCHEMA_CHARACTERS}: ` +
          'make the event smaller, or leave the registry out with -c schemaRegistry=false.',
      );
    const last = parts.at(-1) ?? [];
    if (last.length < PART.schemas && characters + content.length <= PART.characters) {
      last.push({ schemaName, content });
      characters += content.length;
    } else {
      parts.push([{ schemaName, content }]);
      characters = content.length;
    }
  }
  return parts;
}
