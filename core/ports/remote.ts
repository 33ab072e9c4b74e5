/** One function of the other Regions, by its name. */
export interface Remote {
  /**
   * Calls the function and answers what it answered, JSON on both ways.
   * @param within milliseconds for the call, if that is less than the function may take
   * @throws MeridianError `region-unreachable`
   */
  invoke(region: string, request: unknown, within?: number): Promise<unknown>;
}
