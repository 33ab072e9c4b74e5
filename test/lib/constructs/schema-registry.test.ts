import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../lib/config.ts';
import { SchemaRegistry } from '../../../lib/constructs/schema-registry.ts';
import { synthesize } from '../synthesize.ts';

const config = parseConfig({ context: (key) => (key === 'regions' ? ['us-east-1', 'us-east-2'] : undefined) });

function templateOf(schemas: Readonly<Record<string, object>>): Template {
  // CloudFormation's rules would take most of the time.
  const stack = new Stack(new App({ builtinCloudFormationValidation: false }), 'Stack');
  new SchemaRegistry(stack, 'SchemaRegistry', { config, schemas });
  return Template.fromStack(stack);
}

describe('schema registry', () => {
  it('is in every Region, with one schema for each event of the domain', () => {
    for (const template of synthesize().regionTemplates) {
      template.hasResourceProperties('AWS::EventSchemas::Registry', { RegistryName: 'meridian' });
      const names = Object.values(template.findResources('AWS::EventSchemas::Schema')).map(
        ({ Properties }) => Properties.SchemaName,
      );
      expect(names.sort()).toEqual([
        'meridian.account@Deposited',
        'meridian.account@Withdrawn',
        'meridian.note@Noted',
        'meridian.stock@Released',
        'meridian.stock@Taken',
      ]);
    }
  });

  it('is left out if it is disabled', () => {
    for (const template of synthesize({ context: { schemaRegistry: 'false' } }).regionTemplates) {
      template.resourceCountIs('AWS::EventSchemas::Registry', 0);
      template.resourceCountIs('AWS::EventSchemas::Schema', 0);
    }
  });

  it('contains the given schemas, in the format that EventBridge accepts', () => {
    const schema = { $schema: 'http://json-schema.org/draft-04/schema#', type: 'object' };
    templateOf({ 'meridian.note@Noted': schema }).hasResourceProperties('AWS::EventSchemas::Schema', {
      RegistryName: { 'Fn::GetAtt': [Match.stringLikeRegexp('Registry'), 'RegistryName'] },
      SchemaName: 'meridian.note@Noted',
      Type: 'JSONSchemaDraft4',
      Content: JSON.stringify(schema),
    });
  });

  it('refuses at synth a schema that EventBridge would refuse during the deploy', () => {
    const schemas = { 'meridian.note@Noted': { description: 'x'.repeat(100_000) } };
    expect(() => templateOf(schemas)).toThrow(/meridian\.note@Noted has 100018 characters.*schemaRegistry=false/);
  });
});
