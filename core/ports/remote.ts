/** One function of the other Regions, identified by name. */
export interface Remote {
  /**
   * Calls the function and returns its response; both are JSON.
   * @param within milliseconds for the call, if less than the adapter's own limit
   * @throws MeridianError `region-unreachable`; ThrottledError if the function has no instance free
   */
  invoke(region: string, request: unknown, within?: number): Promise<unknown>;
}
