import { given, rejected } from '@meridian-es/meridian/testing';
import { expect, test } from 'vitest';
import { inStock } from '../streams/in-stock.ts';
import { stock } from '../streams/stock.ts';

const received = { type: 'Received', data: { count: 2 } } as const;

test('no more is taken than there is', () => {
  given(stock, received)
    .when('take', { count: 3 })
    .then(rejected('Only 2', { left: 2 }));
});

test('the view counts an article, whichever warehouse it is in', () => {
  given(stock, received).hasTotals(inStock, { lamp: { left: 2 } }, 'us-east-2.lamp');
});

test('an id without a warehouse is rejected', () => {
  const regions = ['us-east-1', 'us-east-2'];
  expect(() => stock.home('lamp', regions)).toThrow(expect.objectContaining({ code: 'rejected' }));
});
