// What functions are bundled with where the tests of Meridian itself bundle them, and what `#domain` is in those tests: the toy,
// with a stream that has snapshots.
import { defineDomain } from '../core/index.ts';
import { account, note, notes, stock, taken, words } from './toy.ts';

export const domain = defineDomain({
  streams: [note, { ...account, snapshots: { every: 200, codeVersion: 1 } }, stock],
  views: [notes, words, taken],
});
