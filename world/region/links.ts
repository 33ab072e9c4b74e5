import type { Link } from '../network/link.ts';

/** The three kinds of link from one Region to another. */
export interface Links {
  readonly replication: Link;
  readonly bus: Link;
  readonly invoke: Link;
}
