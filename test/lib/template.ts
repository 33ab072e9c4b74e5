import type { Template } from 'aws-cdk-lib/assertions';
import { z } from 'zod';

const resourcesSchema = z.record(
  z.string(),
  z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
);
export type Resource = z.infer<typeof resourcesSchema>[string];

const statementSchema = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string(), z.array(z.string())]),
  Resource: z.unknown(),
  Condition: z.unknown().optional(),
});
const policySchema = z.object({
  PolicyDocument: z.object({ Statement: z.array(statementSchema) }),
  Roles: z.array(z.object({ Ref: z.string() })),
});
const nameProperties = [
  'QueueName',
  'TableName',
  'FunctionName',
  'RoleName',
  'LogGroupName',
  'StateMachineName',
  'TopicName',
  'Name',
] as const;

function arrayOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Reads a template for tests: resources by type and name, references as text, the permissions of each role. */
export class TemplateReader {
  readonly #resources: Readonly<Record<string, Resource>>;

  /** @param templates of stacks that are read as one */
  constructor(...templates: readonly Template[]) {
    const all = templates.map((template) => resourcesSchema.parse(template.toJSON().Resources));
    const count = all.reduce((sum, resources) => sum + Object.keys(resources).length, 0);
    this.#resources = Object.assign({}, ...all);
    if (Object.keys(this.#resources).length < count) throw new Error('two templates have the same logical id');
  }

  ofType(type: string): Resource[] {
    return Object.values(this.#resources).filter(({ Type }) => Type === type);
  }

  /** The only resource of a type with this name. */
  named(type: string, name: string): Resource {
    const all = this.ofType(type).filter((resource) => nameOf(resource) === name);
    const [found] = all;
    if (found === undefined || all.length > 1) throw new Error(`expected one ${type} ${name}, found ${all.length}`);
    return found;
  }

  get types(): Set<string> {
    return new Set(Object.values(this.#resources).map(({ Type }) => Type));
  }

  /** References and joins as text, in partition aws and account 123456789012; `Queue(name)` is an attribute of that queue. */
  text(value: unknown): string {
    if (typeof value === 'string') return value;
    const [[intrinsic, operand] = []] = Object.entries(z.record(z.string(), z.unknown()).parse(value));
    if (intrinsic === 'Ref' && operand === 'AWS::Partition') return 'aws';
    if (intrinsic === 'Ref' && operand === 'AWS::AccountId') return '123456789012';
    if (intrinsic === 'Ref' && operand === 'AWS::Region') return 'its own Region';
    if (intrinsic === 'Fn::Join')
      return z
        .tuple([z.string(), z.array(z.unknown())])
        .parse(operand)[1]
        .map((part) => this.text(part))
        .join('');
    const id = String(arrayOf(operand)[0]);
    const resource = this.#resources[id];
    if (resource === undefined) throw new Error(`cannot read ${JSON.stringify(value)}`);
    return `${resource.Type.split('::').at(-1)}(${nameOf(resource) ?? ''})`;
  }

  /** The permissions of a role, sorted: `action on resource`, followed by `if` and the condition if there is one. */
  permissions(role: string): string[] {
    return this.ofType('AWS::IAM::Policy')
      .map(({ Properties }) => policySchema.parse(Properties))
      .filter(({ Roles }) => Roles.some((reference) => this.text(reference) === `Role(${role})`))
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .flatMap(({ Effect, Action, Resource, Condition }) => {
        if (Effect !== 'Allow') throw new Error('only permissions are expected');
        const condition = Condition === undefined ? '' : ` if ${JSON.stringify(Condition)}`;
        return arrayOf(Action).flatMap((action) =>
          arrayOf(Resource).map((resource) => `${action} on ${this.text(resource)}${condition}`),
        );
      })
      .sort();
  }
}

function nameOf({ Properties }: Resource): string | undefined {
  const name = nameProperties.map((property) => Properties[property]).find((value) => value !== undefined);
  return typeof name === 'string' ? name : undefined;
}
