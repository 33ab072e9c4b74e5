import { existsSync } from 'node:fs';
import type { Domain, SubscriberDefinition } from '../core/index.ts';
import { DomainFileError, readDomain } from './domain-file.ts';
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
export async function readProject(project: Project): Promise<ProjectParts> {
  const { subscribers } = project;
  return {
    domain: readProjectDomain(project),
    subscribers: subscribers === undefined ? {} : await readSubscribers(subscribers),
  };
}

/** The domain of a project. @throws DomainFileError */
export function readProjectDomain({ domain }: Pick<Project, 'domain'>): Domain {
  if (!existsSync(domain))
    throw new DomainFileError(
      domain,
      '`meridian.domain` in package.json (default: streams/index.ts) is this file, but it does not exist.',
      'Correct the path in package.json, or create the file, with `export const domain = defineDomain({ streams: […], views: […] })`.',
    );
  return readDomain(domain);
}
