/**
 * Exit codes of a supervised process: `failed` if saving one of the project's files may fix it, as when `cdk.json` lists other
 * Regions than the kept state has; `cannotRun` if no save can, as when the port or the state is in use.
 */
export const EXIT = { failed: 1, cannotRun: 3 } as const;
