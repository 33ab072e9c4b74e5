import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import * as z from 'zod';

/** Packages that an app must install in addition to Meridian are missing. */
class MissingPeersError extends Error {
  override readonly name = 'MissingPeersError';
  readonly code = 'missing-peers';
  readonly retryable = false;
}

const manifestSchema = z.object({ name: z.string(), peerDependencies: z.record(z.string(), z.string()).default({}) });

/** @throws MissingPeersError with every missing package, and the command that installs them */
export function needPeers(): void {
  const file = findPackageJSON(import.meta.url) ?? '';
  const { name, peerDependencies } = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const missing = Object.entries(peerDependencies).filter(([peer]) => !isInstalled(peer));
  if (missing.length === 0) return;
  const names = missing.map(([peer]) => peer).join(', ');
  const versions = missing.map(([peer, range]) => `"${peer}@${range}"`).join(' ');
  throw new MissingPeersError(
    `${name}/cdk needs packages that are not installed: ${names}. Run: npm install --save-dev ${versions}`,
  );
}

function isInstalled(peer: string): boolean {
  try {
    import.meta.resolve(peer);
    return true;
  } catch {
    return false;
  }
}
