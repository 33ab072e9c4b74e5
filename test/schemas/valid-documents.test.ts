import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { writeContract } from '../../schemas/contract.ts';
import { toyDomain } from '../../testing/toy.ts';
import { validDocuments } from './valid-documents.ts';

describe('the documents of a domain', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-documents-'));
    writeContract(toyDomain, folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  validDocuments(toyDomain, () => folder);
});
