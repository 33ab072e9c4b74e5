interface Transfer {
  readonly article: string;
  /** The Regions of the warehouses. */
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

/** The participants of a transaction that moves pieces from one warehouse to another. It commits in both Regions or in neither. */
export function transfer({ article, from, to, count }: Transfer) {
  return [
    { stream: `stock/${from}.${article}`, command: 'take', input: { count } },
    { stream: `stock/${to}.${article}`, command: 'receive', input: { count } },
  ] as const;
}
