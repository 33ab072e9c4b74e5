/**
 * Exit codes of a supervised process. `failed`: a change of the project's files may fix the failure, as when `cdk.json`
 * lists other Regions than the kept state has. `cannotRun`: no change can, as when the port or the state is in use.
 */
export const EXIT = { failed: 1, cannotRun: 3 } as const;
