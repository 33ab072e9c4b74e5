import type { Domain } from '../core/index.ts';
import { brokenPromises, driftOf, releaseContract, writeContract } from './contract.ts';
import { sampleFaults } from './samples.ts';

export interface UpdateOptions {
  /** Writes nothing, and reports the files that differ from the domain. @default false */
  readonly check?: boolean;
  /** Records the domain as released: later versions must be compatible with it. @default false */
  readonly release?: boolean;
  /** With `release`: records it even if it breaks an earlier release. @default false */
  readonly accept?: boolean;
}

/**
 * Writes the schemas of a domain into a folder, or checks them. Nothing is written if a sample is missing, or its
 * schema refuses it. Changes that break a release are reported, and prevent a new release unless they are accepted.
 * @param folder the project's schemas; created if it does not exist
 * @returns the findings, one line each, and `ok`: true if there are no faults
 */
export function updateContract(
  domain: Domain,
  folder: string,
  { check = false, release = false, accept = false }: UpdateOptions,
): { readonly ok: boolean; readonly lines: readonly string[] } {
  const samples = sampleFaults(domain);
  const broken = brokenPromises(domain, folder);
  const drift = check ? driftOf(domain, folder) : [];
  const isAccepted = release && accept;
  const ok = samples.length === 0 && drift.length === 0 && (broken.length === 0 || isAccepted);
  if (!check && samples.length === 0) {
    writeContract(domain, folder);
    if (release && ok) releaseContract(domain, folder);
  }
  return {
    ok,
    lines: [
      // The most severe findings come first: a file that is out of date only has to be written again.
      ...broken.map((line) => `${line}${isAccepted ? ' (accepted)' : ''}`),
      ...(broken.length > 0 && !isAccepted
        ? [
            'To break a promise on purpose, once every sender and reader is ready: `npx meridian schemas --release --accept`',
          ]
        : []),
      ...samples,
      ...drift.map((line) => `${line}: run \`npx meridian schemas\``),
    ],
  };
}
