interface Transfer {
  readonly article: string;
  /** Regions of the warehouses. */
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

/** Moves pieces from one warehouse to another: the participants of a transaction, which commits in both Regions or in neither. */
export function transfer({ article, from, to, count }: Transfer) {
  return [
    { stream: `stock/${from}.${article}`, command: 'take', input: { count } },
    { stream: `stock/${to}.${article}`, command: 'receive', input: { count } },
  ] as const;
}
