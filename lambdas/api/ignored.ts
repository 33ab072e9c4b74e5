import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { didYouMean } from '../../core/facts/did-you-mean.ts';

/** At most this many parameters are named, and this many characters of a name. */
const MAX_NAMED = 10;
const MAX_NAME = 50;

/**
 * What of the query a route does not read, as the value of the header `Warning`: an unknown parameter, and all but the first of
 * one that is repeated. Undefined if there is nothing.
 *
 * The form `299 - "…"` is that of RFC 7234. RFC 9111 made the header obsolete for caches; for ignored parts of a request it
 * is what the API of Kubernetes uses, and what clients know to show.
 *
 * @param known the parameters that the route reads
 */
export function ignoredParameters(
  { rawQueryString }: LambdaFunctionURLEvent,
  known: readonly string[],
): string | undefined {
  const names = [...new URLSearchParams(rawQueryString).keys()];
  const ignored = [...new Set(names)].filter(
    (name) => !isSignature(name) && (!known.includes(name) || names.indexOf(name) !== names.lastIndexOf(name)),
  );
  const warnings = ignored.slice(0, MAX_NAMED).map((name) => {
    const shown = encodeURIComponent(name.slice(0, MAX_NAME).toWellFormed());
    return known.includes(name)
      ? `query parameter ${shown} is repeated: only the first counts`
      : `query parameter ${shown} is unknown and was ignored${didYouMean(name.slice(0, MAX_NAME), known)}`;
  });
  const more = ignored.length - warnings.length;
  if (more > 0) warnings.push(`${more} more query parameters were ignored`);
  return warnings.length === 0 ? undefined : warnings.map((text) => `299 - "${text}"`).join(', ');
}

/** A request may be signed in its query (AWS Signature Version 4), which AWS has checked. */
function isSignature(name: string): boolean {
  return /^x-amz-/i.test(name);
}
