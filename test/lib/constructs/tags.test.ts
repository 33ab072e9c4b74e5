import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { regionsOf, type Synthesized, synthesize } from '../synthesize.ts';
import { TemplateReader } from '../template.ts';

let app: Synthesized;
beforeAll(() => {
  app = synthesize();
});

const tagListSchema = z.array(z.object({ Key: z.string(), Value: z.string() }));
function tagsOf(tags: unknown) {
  return new Map(tagListSchema.parse(tags).map(({ Key, Value }) => [Key, Value]));
}

describe('the cost allocation tags', () => {
  it('name the deployment, the Region and the purpose of every resource in a Region', () => {
    const types = ['AWS::Lambda::Function', 'AWS::SQS::Queue', 'AWS::S3::Bucket', 'AWS::Logs::LogGroup'];
    for (const [i, reader] of regionsOf(app).entries()) {
      for (const type of [...types, 'AWS::Events::Rule', 'AWS::IAM::Role'])
        for (const { Properties } of reader.ofType(type)) {
          const tags = tagsOf(Properties.Tags);
          expect([tags.get('meridian'), tags.get('meridian:region')]).toEqual(['meridian', app.regions[i]?.region]);
          expect(tags.get('meridian:component')).toMatch(/^[A-Z]\w+$/);
        }
    }
  });

  it('assign each replica of the events table to its own Region', () => {
    const [table] = new TemplateReader(app.globalTemplate).ofType('AWS::DynamoDB::GlobalTable');
    const replicas = z.array(z.object({ Region: z.string(), Tags: z.unknown() })).parse(table?.Properties.Replicas);
    expect(replicas).toHaveLength(3);
    for (const { Region, Tags } of replicas)
      expect(Object.fromEntries(tagsOf(Tags))).toEqual({
        meridian: 'meridian',
        'meridian:region': Region,
        'meridian:component': 'Events',
      });
  });
});
