import { given, rejected } from '@meridian-es/meridian/testing';
import { describe, it } from 'vitest';
import { wallet } from '../../streams/wallet.ts';

const paidIn = (cents: number) => ({ type: 'PaidIn' as const, data: { cents } });
const spent = (cents: number) => ({ type: 'Spent' as const, data: { cents, order: 'columbus.ada.1' } });

describe('a wallet', () => {
  it('holds what was paid in and not spent', () => {
    given(wallet).when('pay-in', { cents: 500 }).then(paidIn(500));
    given(wallet, paidIn(500)).when('spend', spent(500).data).then(spent(500));
    given(wallet, paidIn(500), spent(180)).hasState({ cents: 320 });
  });

  it('never spends more than it holds', () => {
    given(wallet, paidIn(500), spent(180))
      .when('spend', spent(321).data, { id: 'boardman.ada' })
      .then(
        rejected('boardman.ada has 320 cents, and columbus.ada.1 costs 321.', { wallet: 'boardman.ada', cents: 320 }),
      );
  });
});
