import type { Decision } from '../../core/index.ts';

let transactions = 0;

/** The id of a transaction that no other test uses. */
export function aTransactionId(): string {
  return `us-east-1:${process.pid}-${++transactions}`;
}

/** A decision that commits; tests override what matters to them. */
export function aDecision(of: Partial<Decision> = {}): Decision {
  return {
    transaction: 'us-east-1:order-17',
    attempt: 1,
    state: 'committed',
    final: true,
    fingerprint: 'digest-of-the-request',
    participants: [
      { stream: 'stock/17', log: 'us-east-1', position: 3, version: { 'us-east-1': 3, 'us-west-2': 7 } },
      { stream: 'account/ann', log: 'us-west-2', position: 12, version: { 'us-west-2': 12 } },
    ],
    remaining: 0,
    decidedAt: Date.UTC(2001, 0, 1),
    region: 'us-east-1',
    ...of,
  };
}

/** A decision that aborts, with all members of a reason. */
export function anAbort(of: Partial<Decision> = {}): Decision {
  return aDecision({
    state: 'aborted',
    participants: [],
    reason: {
      stream: 'stock/17',
      problem: {
        type: 'urn:meridian:problem:rejected',
        title: 'rejected',
        status: 422,
        detail: 'It is sold out: "17" → Zürich.',
        code: 'rejected',
        retryable: false,
        stock: { left: 0, of: [1, null, ''] },
      },
    },
    ...of,
  });
}

/** The record of a promised outcome. */
export function aPromise(of: Partial<Decision> = {}): Decision {
  return aDecision({ attempt: 0, state: 'aborted', final: false, participants: [], remaining: 30_000, ...of });
}

/** The decision on an attempt that found a stream busy. */
export function aBusyAttempt(of: Partial<Decision> = {}): Decision {
  return anAbort({ final: false, remaining: 12_345.5, ...of });
}
