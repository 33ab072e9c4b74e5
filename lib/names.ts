/** The functions of a Region, by the last part of their name. */
export type FunctionId = 'ingest' | 'api' | 'command' | 'relay' | 'project' | 'stream-lookup';

/**
 * Every name that a stack of one Region must know of another: they are made from the prefix, so no stack needs a
 * reference into another Region.
 */
export const namesOf = (prefix: string) => ({
  globalStack: `${prefix}-global`,
  regionStack: (region: string) => `${prefix}-${region}`,
  eventsTable: `${prefix}-events`,
  viewsTable: `${prefix}-views`,
  bus: prefix,
  rule: (rule: string) => `${prefix}-${rule}`,
  queue: (queue: string) => `${prefix}-${queue}`,
  function: (id: FunctionId) => `${prefix}-${id}`,
  /** IAM is global, so a role's name carries its Region. */
  role: (region: string, id: FunctionId | 'forward') => `${prefix}-${region}-${id}`,
});
