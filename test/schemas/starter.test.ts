import { expect, it } from 'vitest';
import { updateContract } from '../../schemas/update-contract.ts';
import { domain } from '../../starter/streams/index.ts';

it('the schemas of the starter are those of its domain: npm run schemas:starter writes them', () => {
  expect(updateContract(domain, 'starter/schemas', { check: true })).toEqual({ ok: true, lines: [] });
});
