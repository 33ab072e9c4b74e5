import { defineDomain, defineView } from '@meridian-es/meridian';
import { tailNumber } from './tail-number.ts';

/** The numbers that are taken, and by whom. */
const taken = defineView({
  name: 'taken',
  kind: 'rows',
  of: tailNumber,
  row: ({ aircraft }) => aircraft ?? undefined,
});

/** A register of aircraft: a tail number is given once, whatever Regions are asked for it at the same time. */
export const domain = defineDomain({ streams: [tailNumber], views: [taken] });
