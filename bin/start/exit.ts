/** Exit codes: `failed` if a change in the project's files may fix it, `cannotRun` if no such change can. */
export const EXIT = { failed: 1, cannotRun: 3 } as const;
