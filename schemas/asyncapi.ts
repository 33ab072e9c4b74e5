import type { SchemaDocument } from './documents.ts';

/** What is put on a bus for Meridian, by how its name begins; all else comes from Meridian. */
const ASKED = /^(append|command)\./;

/**
 * The AsyncAPI 3.0 document of what goes over a Region's bus.
 * @param fileOf where the schema of a document is, as seen from the AsyncAPI document
 */
export function asyncApi(documents: readonly SchemaDocument[], fileOf: (document: SchemaDocument) => string) {
  const messages = documents.filter(({ kind }) => kind === 'message');
  const asked = messages.filter(({ name }) => ASKED.test(name));
  const published = messages.filter(({ name }) => !ASKED.test(name));
  const referTo = (of: readonly SchemaDocument[]) =>
    of.map(({ name }) => ({ $ref: `#/channels/bus/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Meridian: the bus of a Region',
      version: '1.0.0',
      description:
        'Every Region has a bus of EventBridge. Producers put events and commands on the bus of any one Region; the events ' +
        'that are written in any Region arrive on the bus of every Region. How delivery works: api.md; what is promised: ' +
        'guarantees.md. Every payload is the whole event as EventBridge delivers it; who puts one with PutEvents gives ' +
        'source, detail-type and detail, and EventBridge adds the rest.',
    },
    defaultContentType: 'application/json',
    servers: {
      eventbridge: {
        host: 'events.{region}.amazonaws.com',
        protocol: 'https',
        description: 'EventBridge in one Region; requests are signed with IAM.',
        variables: { region: { description: 'A Region of the deployment', examples: ['us-east-1'] } },
      },
    },
    channels: {
      bus: {
        address: '{bus}',
        description: "The Region's bus. Subscribers listen by a rule whose target is a queue or a function.",
        parameters: { bus: { description: "The deployment's name (`name` in cdk.json)", default: 'meridian' } },
        messages: Object.fromEntries(
          messages.map((document) => {
            const { name, schema } = document;
            return [
              name,
              {
                name,
                title: schema.title,
                contentType: 'application/json',
                payload: {
                  schemaFormat: 'application/schema+json;version=draft-2020-12',
                  schema: { $ref: fileOf(document) },
                },
              },
            ];
          }),
        ),
      },
    },
    operations: {
      takeIn: {
        action: 'receive',
        summary: 'Events to append and commands to decide, each with an id: the same id again changes nothing.',
        channel: { $ref: '#/channels/bus' },
        messages: referTo(asked),
      },
      tell: {
        action: 'send',
        summary:
          'Every event of every Region, in the version in which it was written, and what became of what was put here.',
        channel: { $ref: '#/channels/bus' },
        messages: referTo(published),
      },
    },
  };
}
