import * as z from 'zod';
import type { SubscribedEvent, Sums } from '../../core/index.ts';
import { type SubscriptionPorts, subscription } from '../subscription.ts';

/** So much is added to the tally of an airport. */
export interface Addition {
  /** The airport. */
  readonly key: string;
  /** Reports, by their kind. */
  readonly sums: Sums;
}

/** Flights on the bus → a tally of what every airport has reported. An example: what a team's own subscriber looks like. */
export function makeHandler(ports: Omit<SubscriptionPorts<Addition>, 'handle'>) {
  return subscription({ ...ports, handle: tally });
}

/** A subscriber knows what was promised of the events, and not the code that decides them. */
const reportSchema = z.object({ airport: z.string() });

function tally({ type, data }: SubscribedEvent): readonly Addition[] {
  return type === 'Departed' || type === 'Arrived'
    ? [{ key: reportSchema.parse(data).airport, sums: { [type]: 1 } }]
    : [];
}
