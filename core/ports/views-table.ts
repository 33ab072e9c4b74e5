import type { GenerationStore } from './generation-store.ts';
import type { ViewStore } from './view-store.ts';

/** The `views` table, per Region and never replicated, as adapters implement it. */
export interface ViewsTable extends ViewStore, GenerationStore {}
