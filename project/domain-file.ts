import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { messageOf } from '../core/facts/errors.ts';
import type { Domain } from '../core/index.ts';
import { placeOf, sentence } from './place.ts';

/**
 * The error for a domain's file that cannot be used. The message has the file with the fault, the line if it is known,
 * what was found, and what to write.
 */
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

/** The time limit of {@link placePrinted}, in milliseconds. */
const LOCATE_MS = 20_000;

/**
 * Finds the place of an error by loading the file in a separate Node process, which prints it. The error itself has no
 * place if the cause is a top-level `await`, or a name that a module does not export.
 */
function placePrinted(file: string): string | undefined {
  const { stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', '--experimental-print-required-tla', '--eval', 'require(process.argv[1])', file],
    { encoding: 'utf8', timeout: LOCATE_MS },
  );
  const [, path, line] = /^(\S.*\.[cm]?[jt]s):(\d+)$/m.exec(stderr) ?? [];
  return path && `${path.startsWith('file:') ? fileURLToPath(path) : path}:${line}`;
}

function load(file: string): unknown {
  try {
    return createRequire(import.meta.url)(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'MODULE_NOT_FOUND' && !existsSync(file))
      throw new DomainFileError(file, 'There is no such file.', EXPORT, { cause });
    const message = messageOf(cause);
    const place = placeOf(cause) ?? placePrinted(file) ?? file;
    if (code === 'ERR_REQUIRE_ASYNC_MODULE')
      throw new DomainFileError(
        place,
        'It awaits at its top level.',
        `Move the \`await\` into a function: the domain in ${file} is read synchronously when the app is synthesized.`,
        { cause },
      );
    throw new DomainFileError(
      place,
      sentence(message),
      `Fix that: the domain in ${file} could not be loaded because of it.`,
      {
        cause,
      },
    );
  }
}
