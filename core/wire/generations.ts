import * as z from 'zod';
import type { Generations } from '../facts/generation.ts';

const generation = {
  codeVersion: z.number(),
  build: z.number(),
  kind: z.enum(['rows', 'totals']),
  shards: z.number(),
  behind: z.literal(true).optional(),
  counts: z.literal(true).optional(),
};

const segmentSchema = z.object({
  cursor: z.string().optional(),
  last: z.string().optional(),
  streams: z.number(),
  done: z.boolean(),
});

/** The schema of generations stored as JSON. */
export const generationsSchema: z.ZodType<Generations> = z.object({
  revision: z.number(),
  builds: z.number(),
  active: z.object(generation),
  building: z.object({ ...generation, segments: z.array(segmentSchema) }).optional(),
  retired: z.array(z.object({ ...generation, since: z.number() })),
});
