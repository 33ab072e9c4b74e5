import type { SchemaDocument } from './documents.ts';

/** Names of messages that producers put on a bus for Meridian; Meridian itself publishes all others. */
const ASKED = /^(append\.|command\.|transact$)/;

/**
 * The AsyncAPI 3.0 document of the messages on a Region's bus. @param fileOf returns the path of a document's schema, relative to
 * the AsyncAPI document
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
        'Every Region has an EventBridge bus. Producers put events and commands on the bus of any one Region; events ' +
        'written in any Region are delivered on the bus of every Region. Every payload is the whole event as EventBridge ' +
        'delivers it: a producer calls PutEvents with source, detail-type and detail, and EventBridge adds the rest.',
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
        description: "The Region's bus. Subscribers add a rule whose target is a queue or a function.",
        parameters: { bus: { description: "The deployment's name", default: 'meridian' } },
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
      receive: {
        action: 'receive',
        summary: 'Events to append and commands to run, each with an id: sending the same id again changes nothing.',
        channel: { $ref: '#/channels/bus' },
        messages: referTo(asked),
      },
      publish: {
        action: 'send',
        summary:
          'Every event of every Region, in the version that it was written in, the conflicts of all streams, and the outcome of what was put on this bus.',
        channel: { $ref: '#/channels/bus' },
        messages: referTo(published),
      },
    },
  };
}
