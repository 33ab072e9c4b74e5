type Json = unknown;

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether an EventBridge pattern matches an event, for what Meridian's patterns use: values, `prefix`, `exists`,
 * and `anything-but` a list of values or a prefix. As in EventBridge, a field that the event lacks matches only `exists` (false).
 */
export function matches(pattern: Json, event: Json): boolean {
  if (Array.isArray(pattern)) return pattern.some((matcher) => matchesValue(matcher, event));
  if (!isObject(pattern) || !isObject(event)) return false;
  return Object.entries(pattern).every(([key, inner]) => matches(inner, event[key]));
}

function matchesValue(matcher: Json, value: Json): boolean {
  if (!isObject(matcher)) return value !== undefined && matcher === value;
  const [[operator, operand] = [], ...more] = Object.entries(matcher);
  if (more.length > 0) throw new Error(`unknown matcher ${JSON.stringify(matcher)}`);
  if (operator === 'prefix') return typeof value === 'string' && value.startsWith(String(operand));
  if (operator === 'exists') return operand === (value !== undefined);
  if (value === undefined) return false;
  if (operator === 'anything-but')
    return Array.isArray(operand) ? !operand.includes(value) : !matchesValue(operand, value);
  throw new Error(`unknown matcher ${JSON.stringify(matcher)}`);
}
