import type { Link } from '../network/link.ts';

/** The three ways from a Region to another. */
export interface Links {
  readonly replication: Link;
  readonly bus: Link;
  readonly invoke: Link;
}
