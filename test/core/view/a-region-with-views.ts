import { defineDomain, defineView } from '../../../core/index.ts';
import { account, note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { aRegion } from '../a-region.ts';

/** How often each text was noted; `!` causes a failure of the view, `half` a total that is not an integer. */
const texts = defineView({
  name: 'texts',
  kind: 'totals',
  of: note,
  totals(entries) {
    const totals: Record<string, Record<string, number>> = {};
    for (const { text } of entries) {
      if (text === '!') throw new Error('The view fails on this text.');
      totals[text] = { count: (totals[text]?.count ?? 0) + (text === 'half' ? 0.5 : 1) };
    }
    return totals;
  },
  present: ({ count = 0 }) => `${count} times`,
});

/** Totals without a presentation: the number of texts and of streams; none for a stream whose last text is `clear`. */
const lengths = defineView({
  name: 'lengths',
  kind: 'totals',
  of: note,
  shards: 1,
  totals: (entries) => (entries.at(-1)?.text === 'clear' ? {} : { all: { notes: entries.length, streams: 1 } }),
});

/** One row per note stream that has a text. */
const latest = defineView({
  name: 'latest',
  kind: 'rows',
  of: note,
  row: (entries, id) => (entries.length > 0 ? { id, text: entries.at(-1)?.text } : undefined),
});

/** The toy's notes in views that fail on certain texts. */
export const domain = defineDomain({ streams: [note, account], views: [texts, lengths, latest] });

export function aRegionWithViews() {
  return aRegion('us', fakeRuntime(), domain);
}
