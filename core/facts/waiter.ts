/** A transaction that waits for a stream, or holds it. */
export interface Waiter {
  readonly transaction: string;
  /** When it began: milliseconds since 1970 by the clock of its driving Region, the same in all its attempts. */
  readonly began: number;
}

/** True if `a` comes first: the transaction that began earlier, or, of two that began at once, the one with the lower id. */
export function isOlder(a: Waiter, b: Waiter): boolean {
  return a.began < b.began || (a.began === b.began && a.transaction < b.transaction);
}

/** True if `me` may be the next holder: no transaction is, a younger one is, or it is already. */
export function mayBeNext(me: Waiter, next: Waiter | undefined): boolean {
  return next === undefined || next.transaction === me.transaction || isOlder(me, next);
}
