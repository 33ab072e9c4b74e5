import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError } from '../../client/error.ts';
import type { Reply, Surroundings } from '../../workload/session.ts';
import { CliError } from '../client/cli-error.ts';
import type { ByName } from '../smoke/everywhere.ts';

/** Sessions whose requests go to the Regions of a deployment, each once: the session itself decides what it sends again. */
export function inDeployment(regions: ByName): Surroundings {
  return {
    async ask(region, { method, path, query, headers, body }): Promise<Reply | undefined> {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      try {
        const request = { method, path, ...(query && { query }), ...(headers && { headers }), ...text };
        return { status: 200, body: await regionNamed(regions, region).once(request) };
      } catch (error) {
        if (!isClientError(error)) throw error;
        return error.problem && { status: error.problem.status, body: error.problem };
      }
    },
    put: async () => {
      throw new Error('A deployment is used by its API.');
    },
    sleep: (milliseconds) => sleep(milliseconds),
  };
}

function regionNamed(regions: ByName, name: string) {
  const region = regions.get(name);
  if (!region) throw new CliError('unknown-address', `There is no Region ${name}.`);
  return region;
}
