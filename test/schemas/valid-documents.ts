import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Domain } from '../../core/index.ts';
import { ASYNCAPI, fileOf } from '../../schemas/contract.ts';
import { schemaDocuments } from '../../schemas/documents.ts';

/** Tests of the documents that were written for a domain. @param folder their location, once a test runs */
export function validDocuments(domain: Domain, folder: () => string): void {
  const read = (file: string): string => readFileSync(join(folder(), file), 'utf8');

  it.each(schemaDocuments(domain).map((document) => [fileOf(document)]))(
    '%s is JSON Schema, and accepts its sample',
    (file) => {
      const schema = z.looseObject({ examples: z.array(z.unknown()).default([]) }).parse(JSON.parse(read(file)));
      const validate = formats.default(new Ajv2020({ strict: true })).compile(schema);
      for (const example of schema.examples) expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      expect(schema.examples).toHaveLength(file.startsWith('events/') ? 1 : 0);
    },
  );

  it('has a valid AsyncAPI 3.0 document, whose references resolve', () => {
    const require = createRequire(import.meta.url);
    const document = parse(read(ASYNCAPI));
    const validate = formats
      .default(
        // The schema of AsyncAPI includes its meta-schema.
        new Ajv({ strict: false, meta: false, validateSchema: false }),
      )
      .compile(require('@asyncapi/specs/schemas/3.0.0.json'));
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...document, channels: [] })).toBe(false);

    const { channels, operations } = z
      .object({
        channels: z.object({
          bus: z.object({
            messages: z.record(z.string(), z.object({ payload: z.object({ schema: z.object({ $ref: z.string() }) }) })),
          }),
        }),
        operations: z.record(z.string(), z.object({ messages: z.array(z.object({ $ref: z.string() })) })),
      })
      .parse(document);
    const messages = Object.entries(channels.bus.messages);
    for (const [, { payload }] of messages) expect(() => JSON.parse(read(payload.schema.$ref))).not.toThrow();
    const references = Object.values(operations).flatMap((operation) => operation.messages.map(({ $ref }) => $ref));
    expect(references.sort()).toEqual(messages.map(([name]) => `#/channels/bus/messages/${name}`).sort());
  });
}
