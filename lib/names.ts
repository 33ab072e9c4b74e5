import type { FunctionId } from '../core/limits/functions.ts';

/** Tags for the bill, beside `meridian`, the deployment: in which Region, and what for. */
export const REGION_TAG = 'meridian:region';
export const COMPONENT_TAG = 'meridian:component';

/**
 * Every name that a stack of one Region must know of another: they are made from the prefix, so no stack needs a
 * reference into another Region.
 */
export function namesOf(prefix: string) {
  return {
    globalStack: `${prefix}-global`,
    regionStack: (region: string) => `${prefix}-${region}`,
    eventsTable: `${prefix}-events`,
    transactionsTable: `${prefix}-transactions`,
    viewsTable: `${prefix}-views`,
    snapshotsTable: `${prefix}-snapshots`,
    subscriberTable: (id: FunctionId) => `${prefix}-${id}`,
    bus: prefix,
    schemaRegistry: prefix,
    rule: (rule: string) => `${prefix}-${rule}`,
    queue: (queue: string) => `${prefix}-${queue}`,
    function: (id: FunctionId) => `${prefix}-${id}`,
    transactionMachine: `${prefix}-transactions`,
    alarm: (alarm: string) => `${prefix}-${alarm}`,
    alarmTopic: `${prefix}-alarms`,
    archive: `${prefix}-events`,
    /** Dashboards are global too. */
    dashboard: (region: string) => `${prefix}-${region}`,
    /** IAM is global, so a role's name carries its Region. */
    role: (region: string, id: FunctionId | 'forward' | 'transactions') => `${prefix}-${region}-${id}`,
  };
}
