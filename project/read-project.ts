import type { Domain, SubscriberDefinition } from '../core/index.ts';
import { readDomain } from './domain-file.ts';
import type { Project } from './project.ts';
import { readSubscribers } from './subscribers-file.ts';

/** What a project deploys. */
export interface ProjectParts {
  readonly domain: Domain;
  readonly subscribers: Readonly<Record<string, SubscriberDefinition>>;
}

/**
 * Reads what a project deploys. Every command does this first, so that all of them report faults in the same words.
 * @throws DomainFileError, SubscribersFileError
 */
export async function readProject({ domain, subscribers }: Project): Promise<ProjectParts> {
  return {
    domain: readDomain(domain),
    subscribers: subscribers === undefined ? {} : await readSubscribers(subscribers),
  };
}
