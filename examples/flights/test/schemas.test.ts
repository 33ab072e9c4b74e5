import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { brokenPromises, driftOf } from '../../../schemas/contract.ts';
import { sampleFaults } from '../../../schemas/samples.ts';
import { validDocuments } from '../../../test/schemas/valid-documents.ts';
import { domain } from '../index.ts';

const folder = fileURLToPath(new URL('../schemas', import.meta.url));

describe('the contract of the example domain', () => {
  it('keeps every version, with a sample that its schema, the upcasters and the fold accept', () => {
    expect(sampleFaults(domain)).toEqual([]);
  });

  it('is committed as it is generated, and keeps every released promise', () => {
    expect(driftOf(domain, folder)).toEqual([]);
    expect(brokenPromises(domain, folder)).toEqual([]);
  });

  validDocuments(domain, () => folder);
});
