import { describe } from 'vitest';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memorySightings } from '../../adapters/memory/sightings.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import { eventStoreContract } from './event-store.contract.ts';
import { sightingsContract } from './sightings.contract.ts';
import { viewStoreContract } from './view-store.contract.ts';

describe('memory', () => {
  eventStoreContract(() => memoryEventStore());
  viewStoreContract(memoryViewStore);
  sightingsContract(memorySightings);
});
