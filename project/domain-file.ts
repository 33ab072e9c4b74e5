import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Domain } from '../core/index.ts';

/** The file of a domain cannot be used: which file, what was found, and what to write. */
export class DomainFileError extends Error {
  readonly code = 'invalid-domain-file';
  readonly retryable = false;

  constructor(file: string, found: string, write: string, options?: ErrorOptions) {
    super(`${file}: ${found} ${write}`, options);
    this.name = 'DomainFileError';
  }
}

/**
 * The path of a domain's file. @param domain a URL, as `import.meta.resolve` gives it, or an absolute path @throws
 * DomainFileError
 */
export function domainFileOf(domain: string): string {
  if (domain.startsWith('file:')) return fileURLToPath(domain);
  if (isAbsolute(domain)) return domain;
  throw new DomainFileError(
    domain,
    'It is neither a URL nor an absolute path.',
    "Write import.meta.resolve('../streams/index.ts').",
  );
}

const exportedSchema = z.object({
  domain: z.object({ streams: z.instanceof(Map), views: z.instanceof(Map) }),
});

const EXPORT = 'Write `export const domain = defineDomain({ streams: […], views: […] })` in it.';

/**
 * The domain that a file exports, read synchronously, as a CDK app requires.
 * @throws DomainFileError when the file is missing, throws, awaits at its top level, or exports no domain
 */
export function readDomain(file: string): Domain {
  const exported = load(file);
  if (!isDomainModule(exported)) {
    const names = typeof exported === 'object' && exported !== null ? Object.keys(exported) : [];
    throw new DomainFileError(
      file,
      names.length > 0 ? `It exports ${names.join(', ')}, and no domain named \`domain\`.` : 'It exports nothing.',
      EXPORT,
    );
  }
  return exported.domain;
}

function isDomainModule(exported: unknown): exported is { readonly domain: Domain } {
  return exportedSchema.safeParse(exported).success;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const CORE = new URL('../core/', import.meta.url).href;

/** The place in the project's own files that an error comes from: `/shop/streams/stock.ts:12: `, or '' if it is unknown. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const [, url, line] =
    [...stack.matchAll(/(file:\/\/[^\s()]+?\.[cm]?[jt]s):(\d+)/g)].find(
      ([, url = '']) => !url.startsWith(CORE) && !url.includes('/node_modules/'),
    ) ?? [];
  return url === undefined ? '' : `${fileURLToPath(url)}:${line}: `;
}

function load(file: string): unknown {
  try {
    return createRequire(import.meta.url)(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ERR_REQUIRE_ASYNC_MODULE')
      throw new DomainFileError(
        file,
        'It, or a file that it imports, awaits at its top level.',
        'Move the `await` into a function: a domain is read synchronously when the app is synthesized.',
        { cause },
      );
    if (code === 'MODULE_NOT_FOUND' && !existsSync(file))
      throw new DomainFileError(file, 'There is no such file.', EXPORT, { cause });
    throw new DomainFileError(
      file,
      `It could not be loaded: ${placeOf(cause)}${sentence(cause instanceof Error ? cause.message : String(cause))}`,
      'Fix that and try again.',
      { cause },
    );
  }
}
