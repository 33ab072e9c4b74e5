import type { GenerationStore } from './generation-store.ts';
import type { ViewStore } from './view-store.ts';

/** The `views` table: per Region, never replicated: what an adapter implements. */
export interface ViewsTable extends ViewStore, GenerationStore {}
