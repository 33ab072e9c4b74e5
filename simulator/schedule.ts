import * as z from 'zod';
import { DECISIONS } from '../core/names.ts';
import { type Operation, operationSchema } from '../workload/operation.ts';
import { type Fault, isFault } from '../world/weather.ts';

/** Milliseconds from the start of a history. */
const atSchema = z.number();

/** What goes wrong, and what operators do. */
const troubleSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('weather'),
    at: atSchema,
    until: z.number(),
    fault: z.custom<Fault>(isFault),
    region: z.string(),
    rate: z.number(),
    /** The only call of a port at which it happens, like `turn events.mark`. @default all of them */
    call: z.string().optional(),
  }),
  z.object({
    kind: z.literal('cut'),
    at: atSchema,
    until: z.number(),
    from: z.string(),
    to: z.string(),
    links: z.array(z.enum(['replication', 'bus', 'invoke'])),
  }),
  z.object({ kind: z.literal('restart'), at: atSchema, region: z.string() }),
  /** The functions are deployed again: old and new instances run in parallel for a while. */
  z.object({ kind: z.literal('deploy'), at: atSchema, region: z.string() }),
  /** A wall clock moves, or runs at another speed from now on. */
  z.object({ kind: z.literal('jump'), at: atSchema, region: z.string(), milliseconds: z.number() }),
  z.object({ kind: z.literal('drift'), at: atSchema, region: z.string(), millionths: z.number() }),
  /** The tables of a Region cannot be reached, and nothing is replicated to or from them. */
  z.object({ kind: z.literal('outage'), at: atSchema, until: z.number(), region: z.string() }),
  /** The log of a Region gets another name. */
  z.object({ kind: z.literal('rename'), at: atSchema, region: z.string(), log: z.string() }),
  /** The events of a Region are restored to what they were some milliseconds before, under another log name. */
  z.object({ kind: z.literal('restore'), at: atSchema, region: z.string(), log: z.string(), back: z.number() }),
  /** A Region is added, and removed later. */
  z.object({ kind: z.literal('guest'), at: atSchema, until: z.number(), region: z.string() }),
  /** A shard of the streams of a Region's tables splits. */
  z.object({ kind: z.literal('split'), at: atSchema, region: z.string() }),
  /** The archive of a Region's bus is replayed, from this many milliseconds ago. */
  z.object({ kind: z.literal('replay'), at: atSchema, region: z.string(), back: z.number() }),
  z.object({ kind: z.literal('rebuild'), at: atSchema, region: z.string(), view: z.string() }),
  z.object({ kind: z.literal('republish'), at: atSchema, region: z.string() }),
  /** The messages in the quarantine of a Region are sent again. */
  z.object({ kind: z.literal('redrive'), at: atSchema, region: z.string() }),
  /** The `home` streams that a Region writes move to another one: `forced` without it. */
  z.object({
    kind: z.literal('move'),
    at: atSchema,
    region: z.string(),
    to: z.string(),
    how: z.enum(['planned', 'forced']),
  }),
  /** The home of one stream moves: asked for in a Region. */
  z.object({ kind: z.literal('pin'), at: atSchema, region: z.string(), stream: z.string(), to: z.string() }),
  /** An operator completes the moves of homes that have nothing left to hand over. */
  z.object({ kind: z.literal('complete'), at: atSchema }),
  /** A producer puts a message on the bus that cannot be read. */
  z.object({ kind: z.literal('poison'), at: atSchema, region: z.string() }),
]);
export type Trouble = z.infer<typeof troubleSchema>;

export type Step = Operation | Trouble;

/** The world of a history. */
const settingSchema = z.object({
  regions: z.array(z.string()),
  decisions: z.enum(DECISIONS),
  /** Whether streams have snapshots. */
  snapshots: z.boolean(),
  /** Fraction of messages that arrive twice. */
  duplicates: z.number(),
  reorders: z.boolean(),
  /** Milliseconds by which a Region's clock is ahead. */
  clockAhead: z.record(z.string(), z.number()),
  /** Milliseconds of one direction of an Invoke. */
  invoke: z.tuple([z.number(), z.number()]),
  /** Whether calls of tables take milliseconds, so that they overlap. */
  slowTables: z.boolean(),
  /** Whether each operation waits until nothing is left to happen, so that what it takes can be counted. */
  oneByOne: z.boolean(),
  /** Whether buses have archives, and tables can be restored. */
  recoverable: z.boolean(),
  /** Whether there are streams in mode `strong`. */
  strong: z.boolean(),
  /** The Region that a subscriber is named to, with whose home it moves. @default there is none */
  named: z.string().optional(),
});

/** Everything that happens in a history. With its seed, it happens in the same way every time. */
export const scheduleSchema = z.object({
  seed: z.number(),
  profile: z.string(),
  setting: settingSchema,
  steps: z.array(z.union([operationSchema, troubleSchema])),
});
export type Schedule = z.infer<typeof scheduleSchema>;

export function isOperation(step: Step): step is Operation {
  return step.kind === 'append' || step.kind === 'read' || step.kind === 'transact';
}
