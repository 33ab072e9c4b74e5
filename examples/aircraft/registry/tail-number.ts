import { defineStream, reject } from '@meridian-es/meridian';
import * as z from 'zod';

const aircraftSchema = z.strictObject({ aircraft: z.string().min(1).max(40) });

/** The aircraft that has the number, by its maker and serial number; null: the number is free. */
const free: { readonly aircraft: string | null } = { aircraft: null };

/** A registration mark that is painted on an aircraft: at any time at most one aircraft in the world has it. */
export const tailNumber = defineStream({
  type: 'tail-number',
  // Whichever Region an operator asks, the number may be taken in another one at this moment.
  mode: 'strong',
  checkId(id) {
    if (!/^N[1-9][0-9]{0,4}[A-HJ-NP-Z]{0,2}$/.test(id))
      throw reject(`${id} is not a tail number such as N905FJ.`, { id });
  },
  events: {
    Registered: { schemaVersion: 1, schema: aircraftSchema, sample: { aircraft: 'ERJ-190 19000021' } },
    Released: { schemaVersion: 1, schema: aircraftSchema, sample: { aircraft: 'ERJ-190 19000021' } },
  },
  initial: free,
  evolve: (_state, { type, data }) => (type === 'Registered' ? { aircraft: data.aircraft } : free),
  commands: {
    register: {
      input: aircraftSchema,
      decide(state, data, { id }) {
        if (state.aircraft === data.aircraft) return [];
        if (state.aircraft !== null) throw reject(`${id} is taken.`, { id });
        return [{ type: 'Registered', data }];
      },
    },
    release: {
      input: aircraftSchema,
      decide(state, data, { id }) {
        if (state.aircraft !== data.aircraft) throw reject(`${data.aircraft} does not have ${id}.`, { id });
        return [{ type: 'Released', data }];
      },
    },
  },
});
