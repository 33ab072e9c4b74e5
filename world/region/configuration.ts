/** What the deployments of all Regions agree on, as in `cdk.json`. */
export interface Configuration {
  readonly regions: readonly string[];
  /** The log of each Region whose log does not have the Region's name. */
  readonly logs: Readonly<Record<string, string>>;
}

/** The name of a Region's log. */
export function logOf({ logs }: Configuration, region: string): string {
  return logs[region] ?? region;
}

/** The configuration with another log of a Region. @throws Error if another Region has that log */
export function withLog(configuration: Configuration, region: string, log: string): Configuration {
  const others = configuration.regions.filter((other) => other !== region);
  if (others.some((other) => logOf(configuration, other) === log))
    throw new Error(`Another Region has the log ${log}. Choose a name that no Region has had.`);
  return { ...configuration, logs: { ...configuration.logs, [region]: log } };
}

/** The configuration with one Region more, at the end. @throws Error if there is that Region */
export function withRegion({ regions, logs }: Configuration, region: string): Configuration {
  if (regions.includes(region)) throw new Error(`There is a Region ${region}.`);
  return { regions: [...regions, region], logs };
}

/** The configuration without a Region and its log. */
export function withoutRegion({ regions, logs }: Configuration, region: string): Configuration {
  return {
    regions: regions.filter((other) => other !== region),
    logs: Object.fromEntries(Object.entries(logs).filter(([other]) => other !== region)),
  };
}
