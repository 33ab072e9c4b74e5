// The domain that Meridian's own tests bundle functions with, and their `#domain`: the toy domain, with a stream that has
// snapshots.
import { defineDomain } from '../core/index.ts';
import { account, note, notes, stock, taken, words } from './toy.ts';

export const domain = defineDomain({
  streams: [note, { ...account, snapshots: { every: 200, codeVersion: 1 } }, stock],
  views: [notes, words, taken],
});
