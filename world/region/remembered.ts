import type { CopyableViewStore } from '../../adapters/memory/view-store.ts';
import type { Sightings, ViewsTable } from '../../core/index.ts';
import type { Past } from './past.ts';

export type PastSightings = Past<ReturnType<Sightings['all']>>;

/** The table of views, of which the states before recent writes are kept while `keeps` says so. */
export function rememberedViews(views: CopyableViewStore, past: Past<ViewsTable>, keeps: () => boolean): ViewsTable {
  const beforeWrite = (): void => {
    if (keeps()) past.beforeWrite(() => views.copy());
  };
  return {
    ...views,
    apply: (...change) => {
      beforeWrite();
      return views.apply(...change);
    },
    remove: (...request) => {
      beforeWrite();
      return views.remove(...request);
    },
  };
}

/** The same for the newest stamps of the Regions. */
export function rememberedSightings(sightings: Sightings, past: PastSightings, keeps: () => boolean): Sightings {
  return {
    ...sightings,
    record: (...stamp) => {
      if (keeps()) past.beforeWrite(sightings.all);
      return sightings.record(...stamp);
    },
  };
}
