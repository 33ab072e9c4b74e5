/** What is wrong with a scenario file, and where: its author has to change the file. */
export class ScenarioError extends Error {
  readonly code = 'invalid-scenario';
  readonly retryable = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ScenarioError';
  }
}
