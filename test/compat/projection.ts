import { eventBodySchema } from '../../core/wire/bus-event.ts';
import {
  aheadBodySchema,
  concurrentBodySchema,
  encodeAhead,
  encodeConcurrent,
  encodeKeys,
  keysBodySchema,
  type ProjectionMessage,
  parseProjectionMessage,
} from '../../core/wire/projection.ts';
import { aCommit } from '../contract/commits.ts';
import { message } from './form.ts';

/** A message of the projection queue. */
export const projectionMessage = message({
  read: (form) => parseProjectionMessage(JSON.stringify(form)),
  write: (means: ProjectionMessage) => {
    if ('event' in means) return means.event;
    if ('concurrent' in means) return JSON.parse(encodeConcurrent(means.concurrent));
    if ('ahead' in means) return JSON.parse(encodeAhead(means.ahead));
    return JSON.parse(encodeKeys(means.keys.map((key) => ({ ...aCommit(), ...key }))));
  },
  uses: [
    ...[parseProjectionMessage, encodeKeys, encodeAhead, encodeConcurrent, keysBodySchema, aheadBodySchema],
    ...[concurrentBodySchema, eventBodySchema],
  ],
});
