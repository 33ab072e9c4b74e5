import * as z from 'zod';
import { effectSchema } from '../checkers/history.ts';

/** Milliseconds from the start of a history. */
const atSchema = z.number();

/** The client sends the same again, as if it had forgotten the answer. @default it does not */
const againSchema = z
  .object({
    region: z.string(),
    /** Milliseconds after the answer. */
    after: z.number(),
  })
  .optional();

/** What a client sends. Its session sends it once its earlier operations are over. */
export const operationSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('append'),
    at: atSchema,
    session: z.string(),
    region: z.string(),
    stream: z.string(),
    effect: effectSchema,
    /**
     * What the session knows of the stream goes with it: on a `home` stream it is `expected`, on a `merge` stream
     * `basedOn`.
     */
    withVersion: z.boolean(),
    /** By the bus: there is no response. */
    onBus: z.boolean(),
    /** An id that another append has, too. @default its own */
    id: z.string().optional(),
    again: againSchema,
  }),
  z.object({
    kind: z.literal('read'),
    at: atSchema,
    session: z.string(),
    region: z.string(),
    stream: z.string(),
    /** At least what the session has seen of the stream. */
    atLeast: z.boolean(),
    /** A `strong` stream from the Region's replica alone. @default false */
    local: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal('transact'),
    at: atSchema,
    session: z.string(),
    region: z.string(),
    driving: z.string(),
    participants: z.array(z.object({ stream: z.string(), effect: effectSchema })),
    /** Streams that the session has read, if it has, and that must not change until the commit point. */
    checks: z.array(z.string()),
    timeoutSeconds: z.number(),
    /** Seconds that the client waits for the outcome before it asks for it. */
    wait: z.number(),
    again: againSchema,
  }),
]);
export type Operation = z.infer<typeof operationSchema>;
