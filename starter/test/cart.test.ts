import { given, rejected } from '@meridian-es/meridian/testing';
import { test } from 'vitest';
import { cart } from '../streams/cart.ts';

function added(article: string, count: number) {
  return { type: 'ItemAdded', data: { article, count } } as const;
}

test('an item that is added is in the cart', () => {
  given(cart).when('add', { article: 'lamp', count: 2 }).then(added('lamp', 2));
});

test('no more is removed than there is', () => {
  given(cart, added('lamp', 1))
    .when('remove', { article: 'lamp', count: 2 })
    .then(rejected('Only 1', { there: 1 }));
});

test('two Regions that add concurrently lose nothing', () => {
  given(cart, added('lamp', 1))
    .concurrently([added('lamp', 2)], [added('desk', 1)])
    .hasState({ lamp: 3, desk: 1 });
});

test('two Regions that remove the last piece concurrently leave a count below zero', () => {
  const removed = { type: 'ItemRemoved', data: { article: 'lamp', count: 1 } } as const;
  given(cart, added('lamp', 1)).concurrently([removed], [removed]).hasState({ lamp: -1 });
});

test('an article may have the name of a member that every object has', () => {
  given(cart, added('constructor', 1)).hasState({ constructor: 1 });
});
