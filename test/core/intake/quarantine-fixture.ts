import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { memoryQuarantine } from '../../../adapters/memory/quarantine.ts';
import {
  addToQuarantine,
  listQuarantine,
  operatorActions,
  type Quarantine,
  type QuarantinePorts,
  redriveQuarantine,
} from '../../../core/index.ts';
import type { BusEntry } from '../../../core/wire/bus.ts';
import { fakeRuntime } from '../../runtime.ts';
import { aRegion } from '../a-region.ts';

export function event(id: string, stream: string): string {
  return JSON.stringify({ 'detail-type': 'meridian.append', source: 'teller', detail: { id, stream, events: [] } });
}

/** A quarantine, and an ingest queue and a bus that record what they get. */
export function aQuarantine() {
  const runtime = fakeRuntime();
  const memory = memoryQuarantine(runtime.now);
  const ingested: string[] = [];
  const ingest = {
    send: async (bodies: readonly string[]) => {
      ingested.push(...bodies);
      return bodies.map(() => undefined);
    },
  };
  const published: BusEntry[] = [];
  const bus = {
    put: async (entries: readonly BusEntry[]) => {
      published.push(...entries);
      return entries.map(() => undefined);
    },
  };
  const us = aRegion();
  const { region, events, decisions } = us;
  const ledger = memoryLedger();
  const ports: QuarantinePorts = { quarantine: memory, ingest, bus, runtime, region, events, decisions, ledger };
  return {
    us,
    memory,
    ports,
    ledger,
    runtime,
    ingested,
    published,
    add: (reason: string, body: string) => addToQuarantine(ports, { messages: [{ reason, body }] }),
    list: (request: object = {}, over: Partial<QuarantinePorts> = {}) =>
      listQuarantine({ ...ports, ...over }, operatorActions['quarantine-list'].request.parse(request)),
    redrive: (request: object = {}, over: Partial<QuarantinePorts> = {}) =>
      redriveQuarantine({ ...ports, ...over }, operatorActions['quarantine-redrive'].request.parse(request)),
    /** The quarantine with some functions replaced. */
    with: (functions: Partial<Quarantine>) => ({ quarantine: { ...memory, ...functions } }),
  };
}
